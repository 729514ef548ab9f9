"""Decide which records are the same customer, and give customers ids that stay.

Reads   silver.* and pii.* of every contract with a record, the identity tables as the nights before left them
Writes  pii.identity_records, identity.links, customer_records, changes, redirects, review_queue, runs
Rerun   the same rows; identity.runs gets one more
Options initial=true   first load of history: a record's validity starts with its first event
        estimate=true  estimate the match model anew instead of using the frozen one
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import partial
from uuid import uuid4

import polars as pl
from pyspark.sql import SparkSession

from alluvium import catalog, contract, keys, ledger
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.settings import Settings
from spark_jobs.identity import changes, gather, history, matching, read, rules, standardise, write
from spark_jobs.identity.model import Model
from spark_jobs.identity.outcome import TIERS, Resolution
from spark_jobs.identity.timing import Timer


def frozen_model(runs: pl.DataFrame) -> Model | None:
    """The match model of the newest run, if it fits the fields that are compared today."""
    known = runs.filter(pl.col("model").is_not_null()).sort("finished_at")
    model = Model.from_json(known["model"][-1]) if known.height else None
    return model if model and model.fits() else None


def refuse_the_past(runs: pl.DataFrame, run_date: date) -> None:
    """Ids have a memory and move forward only. Raises AlluviumError for a date before the last run."""
    last = runs["run_date"].max()
    if isinstance(last, date) and run_date < last:
        raise AlluviumError(
            f"Identities were resolved for {last} already and move forward only",
            where=f"run date {run_date}",
            do=f"Load the data of {run_date}, then repeat {last}",
        )


def decide(
    spark: SparkSession, settings: Settings, model: Model | None, timer: Timer
) -> tuple[pl.DataFrame, Resolution]:
    """The clean records and who is who among them."""
    the_rules = rules.load()
    with timer.step("read"):
        contracts = read.loaded(spark, contract.load_all())
        seen = read.observations(
            spark, contracts, settings.business_time_zone, the_rules.limits.driver_records
        )
    with timer.step("clean"):
        key_of = partial(keys.identifier_key, secret=keys.load_secret(keys.key_file(settings)))
        bears = gather.identifiers(seen, key_of)
        records = standardise.clean(gather.records(seen, bears))
    return records, matching.resolve(records, bears, the_rules, model, timer)


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
    timer = Timer()
    runs = pl.DataFrame(pl.from_arrow(ledger.read(catalog.IDENTITY_RUNS, config.settings)))
    refuse_the_past(runs, config.run_date)
    model = None if config.is_set("estimate") else frozen_model(runs)
    records, resolution = decide(spark, config.settings, model, timer)
    with timer.step("assign"):
        periods = write.stored(spark, catalog.IDENTITY_CUSTOMER_RECORDS)
        after, told = grown(periods, resolution, records, config.run_date, is_first_load(config))
    with timer.step("write"):
        strict = after.filter(pl.col("tier") == "strict")
        write.side_by_side(
            [
                partial(
                    write.periods, spark, catalog.IDENTITY_CUSTOMER_RECORDS, after, periods, config.run_date
                ),
                partial(write.night, spark, catalog.IDENTITY_CHANGES, told, config.run_date),
                partial(write.whole, spark, catalog.IDENTITY_REDIRECTS, history.redirects(strict)),
                partial(write.whole, spark, catalog.IDENTITY_LINKS, resolution.links),
                partial(write.whole, spark, catalog.IDENTITY_REVIEW_QUEUE, resolution.review),
                partial(write.whole, spark, catalog.PII_IDENTITY_RECORDS, records),
            ]
        )
    ledger.append(catalog.IDENTITY_RUNS, [_run_row(config, resolution, timer)], config.settings)
    return resolution.counts | {"changes": told.height}


def _run_row(config: JobConfig, resolution: Resolution, timer: Timer) -> dict[str, object]:
    model = resolution.model
    return {
        "run_id": uuid4().hex,
        "run_date": config.run_date,
        "is_initial": is_first_load(config),
        "model_version": model.version if model else None,
        "model": model.to_json() if model else None,
        "counts": json.dumps(resolution.counts, sort_keys=True),
        "seconds": json.dumps(timer.seconds, sort_keys=True),
        "finished_at": datetime.now(UTC),
    }
