"""Decide which records are the same customer, and give customers ids that stay.

Reads   silver.* and pii.* of every contract with a record, the identity tables of the nights before,
        identity.decisions, the frozen match model (MLflow experiment `identity`)
Writes  pii.identity_records, identity.links, customer_records, changes, redirects, households,
        review_queue, compared, runs
Rerun   the same rows; identity.runs gets one more
Options initial=true   first load of history: a record's validity starts with its first event
        estimate=true  estimate the match model anew instead of using the frozen one
        full=true      compare all records, not only those that are new or changed
        accept=true    write although the gate of the rules would stop the night
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from uuid import uuid4

import polars as pl
from pyspark.sql import SparkSession

from alluvium import catalog
from alluvium.contracts import contract
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake import ledger
from alluvium.privacy import keys
from alluvium.settings import Settings
from spark_jobs.identity import (
    changes,
    gate,
    gather,
    history,
    households,
    kept_rows,
    matching,
    model_store,
    read,
    rules,
    standardise,
    write,
)
from spark_jobs.identity.model import Model
from spark_jobs.identity.outcome import TIERS, Resolution
from spark_jobs.identity.rules import Rules
from spark_jobs.identity.timing import Timer

log = logging.getLogger(__name__)
SPARK_ON_DEMAND = True  # On a lake of this machine's disk only the first write of a table needs it.


def refuse_the_past(runs: pl.DataFrame, run_date: date) -> None:
    """Ids have a memory and move forward only. Raises AlluviumError for a date before the last run."""
    last = runs["run_date"].max()
    if isinstance(last, date) and run_date < last:
        raise AlluviumError(
            f"Identities were resolved for {last} already and move forward only",
            where=f"run date {run_date}",
            do=f"Load the data of {run_date}, then repeat {last}",
        )


def observe(
    spark: SparkSession, settings: Settings, the_rules: Rules, timer: Timer
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The clean records, the identifiers that they bear, and what records stand for."""
    with timer.step("read"):
        contracts = read.loaded(spark, settings, contract.load_all())
        ask, most = read.asker(spark, settings), the_rules.limits.driver_records
        values = the_rules.review.value
        seen = read.observations(ask, contracts, settings.business_time_zone, most, values)
    with timer.step("clean"):
        key_of = partial(keys.identifier_key, secret=keys.load_secret(keys.key_file(settings)))
        bears = gather.identifiers(seen.bears, key_of)
        return standardise.clean(gather.records(seen.sights, bears)), bears, seen.values


def given(settings: Settings, the_rules: Rules, model: Model | None, timer: Timer) -> matching.Given:
    """What a match run is told: rules, model, people's decisions, the key of the model's frequencies."""
    decisions = pl.DataFrame(pl.from_arrow(ledger.read(catalog.IDENTITY_DECISIONS, settings)))
    key_of = partial(keys.digest, keys.load_secret(keys.key_file(settings)))
    return matching.Given(the_rules, model, decisions, key_of, timer)


def is_first_load(config: JobConfig) -> bool:
    """Whether the run date loads history: as told, or as ingest noted it for a batch of that date."""
    batches = pl.DataFrame(pl.from_arrow(ledger.read(catalog.OPS_BATCHES, config.settings)))
    of_day = batches.filter((pl.col("run_date") == config.run_date) & pl.col("is_initial"))
    return config.is_set("initial") or not of_day.is_empty()


def grown(
    periods: pl.DataFrame, resolution: Resolution, records: pl.DataFrame, run_date: date, is_initial: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The periods and the changes of every tier after today."""
    sight = records.select("record_key", "first_seen_on")
    all_periods, all_changes = [], []
    for tier in TIERS:
        earlier = history.before(periods.filter(pl.col("tier") == tier), run_date)
        described = resolution.clusters.select(
            "record_key", "source", "record_kind", pl.col(tier).alias("cluster")
        )
        members = history.today(described.join(sight, on="record_key"), earlier)
        all_periods.append(history.advance(earlier, members, tier, run_date, is_initial))
        yesterday = earlier.filter("is_current").select("record_key", "customer_id")
        all_changes.append(changes.tell(yesterday, members, tier, run_date))
    return pl.concat(all_periods), pl.concat(all_changes)


def run(spark: SparkSession, config: JobConfig) -> Mapping[str, int]:
    """All reading and writing is here."""
    timer, the_rules, settings = Timer(), rules.in_force(config.settings), config.settings
    runs = pl.DataFrame(pl.from_arrow(ledger.read(catalog.IDENTITY_RUNS, settings)))
    refuse_the_past(runs, config.run_date)
    held = None if config.is_set("estimate") else model_store.frozen(settings, runs)
    records, bears, values = observe(spark, settings, the_rules, timer)
    lake = write.Lake(spark, settings)
    told = replace(given(settings, the_rules, held[0] if held else None, timer), values=values)
    if held and not config.is_set("full"):
        with timer.step("read"):
            told = replace(told, kept=kept_rows.kept(lake.stored(catalog.IDENTITY_COMPARED)))
    resolution = matching.resolve(records, bears, told)
    with timer.step("assign"):
        periods = lake.stored(catalog.IDENTITY_CUSTOMER_RECORDS)
        after, changed = grown(periods, resolution, records, config.run_date, is_first_load(config))
        _check(config, periods, after, changed, the_rules)
    with timer.step("write"):
        _write(lake, config.run_date, records, resolution, periods, after, changed)
    with timer.step("model"):
        model_run = held[1] if held else _kept(settings, resolution.model, config.run_date)
    is_outgrown = _warn_of_growth(resolution.model, resolution.counts["records_with_name"], the_rules)
    counts = resolution.counts | {"changes": changed.height, "model_is_outgrown": int(is_outgrown)}
    resolution = replace(resolution, counts=counts)
    ledger.append(catalog.IDENTITY_RUNS, [_run_row(config, resolution, model_run, timer)], settings)
    return counts


def _check(
    config: JobConfig, periods: pl.DataFrame, after: pl.DataFrame, changed: pl.DataFrame, the_rules: Rules
) -> None:
    """Raises AlluviumError when the gate stops the night; what somebody asked for may change all."""
    if config.is_set("accept") or gate.is_written(after, periods):
        return
    is_asked = is_first_load(config) or config.is_set("estimate")
    before = periods.clear() if is_asked else history.before(periods, config.run_date)
    gate.stand(gate.findings(before, after, changed, the_rules.gate), config.run_date)


def _warn_of_growth(model: Model | None, named: int, the_rules: Rules) -> bool:
    """Whether there are so many more records than the model saw that it should be estimated anew."""
    if model is None or named <= the_rules.model.max_growth * model.records:
        return False
    log.warning(
        "The match model saw %s records with a name and there are %s: see `alluvium identity estimate`",
        model.records, named,
    )  # fmt: skip
    return True


def _kept(settings: Settings, model: Model | None, run_date: date) -> str | None:
    return model_store.save(settings, model, run_date) if model else None


def _write(
    lake: write.Lake, run_date: date, records: pl.DataFrame, resolution: Resolution,
    periods: pl.DataFrame, after: pl.DataFrame, changed: pl.DataFrame,
) -> None:  # fmt: skip
    strict = after.filter(pl.col("tier") == "strict")
    write.side_by_side([
        partial(lake.periods, catalog.IDENTITY_CUSTOMER_RECORDS, after, periods, run_date),
        partial(lake.night, catalog.IDENTITY_CHANGES, changed, run_date),
        partial(lake.whole, catalog.IDENTITY_REDIRECTS, history.redirects(strict)),
        partial(lake.whole, catalog.IDENTITY_HOUSEHOLDS, households.find(records, strict)),
        partial(lake.whole, catalog.IDENTITY_LINKS, resolution.links),
        partial(lake.whole, catalog.IDENTITY_REVIEW_QUEUE, resolution.review),
        partial(lake.whole, catalog.IDENTITY_COMPARED, kept_rows.rows(resolution.kept)),
        partial(lake.whole, catalog.PII_IDENTITY_RECORDS, records),
    ])  # fmt: skip


def _run_row(
    config: JobConfig, resolution: Resolution, model_run: str | None, timer: Timer
) -> dict[str, object]:
    model = resolution.model
    counts = {**resolution.counts, **resolution.expected}
    return {
        "run_id": uuid4().hex,
        "run_date": config.run_date,
        "is_initial": is_first_load(config),
        "model_version": model.version if model else None,
        "model_run_id": model_run if model else None,
        "model": json.dumps(model.parameters()) if model else None,
        "counts": json.dumps(counts, sort_keys=True),
        "seconds": json.dumps(timer.seconds, sort_keys=True),
        "finished_at": datetime.now(UTC),
    }
