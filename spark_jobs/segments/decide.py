"""Decide who is in which segment.

Reads   gold.* and ml.* as the definitions say, as of the run date; a refresh also silver events since then
Writes  published.segment_members, the stays that begin or end tonight; published.segment_runs, the night;
        published.segment_definitions, what is new; published.segment_proposals, for segments with a target
Rerun   the same rows; an earlier night than the last one is refused

All segments are found in one query and written in one commit. A segment whose guard objects keeps the
membership of the night before, until somebody raises the guard, approves it (`alluvium segment approve`) or
names it in the option `approve` (comma-separated). With the options `schedule` and `as_of` only the segments
of that schedule are decided, over the events so far: what is written is what the coming night would write,
and that night repeats it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from alluvium import catalog
from alluvium.lake import delta, driver_stays, ledger, stays
from spark_jobs.segments import changes, driver, found, lifecycle, moment, targets, versions
from spark_jobs.segments.definition import FOLDER, Definition, load_all
from spark_jobs.segments.driver import KEY
from spark_jobs.segments.moment import Moment
from spark_jobs.segments.verdict import HELD, Verdict, ledger_rows, summary, verdicts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from alluvium.job import JobConfig

SPARK_ON_DEMAND = True  # Within the limits of `segments.driver` nothing here needs it.


def counted(moves: DataFrame) -> dict[str, dict[str, int]]:
    """Customers by segment and move."""
    moved: dict[str, dict[str, int]] = {}
    for row in moves.groupBy("segment", "move").count().collect():
        moved.setdefault(row["segment"], {})[row["move"]] = row["count"]
    return moved


def chosen(config: JobConfig, at: Moment) -> list[Definition]:
    """The definitions that this run looks at: a refresh those of its schedule."""
    definitions = load_all(Path(config.options.get("definitions", FOLDER)))
    return [d for d in definitions if at.schedule is None or d.schedule == at.schedule]


def approved(config: JobConfig, definitions: Sequence[Definition], at: Moment) -> frozenset[str]:
    """Segments that somebody lets through although their guard objects."""
    named = frozenset(filter(None, config.options.get("approve", "").split(",")))
    return named | versions.approved(config.settings, definitions, at)


def _held(judged: Sequence[Verdict]) -> list[str]:
    return [verdict.segment for verdict in judged if verdict.status == HELD]


def _by_driver(
    config: JobConfig,
    definitions: Sequence[Definition],
    at: Moment,
    retired: Mapping[str, str],
    inputs: str | None,
) -> list[Verdict] | None:
    """Decide without Spark; None when more customers move than the driver writes."""
    settings = config.settings
    last = changes.since(settings, definitions, at, retired, inputs) if inputs else None
    moves = driver.compare(settings, definitions, at, retired, last)
    if moves.changes is None:
        return None
    judged = verdicts(definitions, moves.counts, approved(config, definitions, at), retired)
    is_held = pc.is_in(moves.changes["segment"], pa.array(_held(judged), pa.string()))
    table = catalog.PUBLISHED_SEGMENT_MEMBERS
    path = settings.lake / table.schema / table.name
    scope = [*_names(definitions), *retired] if at.is_refresh else None
    driver_stays.write(driver_stays.hold(moves.changes, is_held), table, path, KEY, at.night, scope)
    return judged


def _names(definitions: Sequence[Definition]) -> list[str]:
    return [definition.name for definition in definitions]


def _by_spark(
    spark: SparkSession,
    config: JobConfig,
    definitions: Sequence[Definition],
    at: Moment,
    retired: Mapping[str, str],
) -> list[Verdict]:
    table = catalog.PUBLISHED_SEGMENT_MEMBERS
    history = delta.read(spark, table)
    if at.is_refresh:
        history = history.where(F.col("segment").isin([*_names(definitions), *retired]))
    given = found.by_spark(spark, definitions, at, config.settings.business_time_zone)
    moves = stays.compare(history, given, KEY, at.at).persist()
    try:
        judged = verdicts(definitions, counted(moves), approved(config, definitions, at), retired)
        held = F.col("segment").isin(_held(judged))
        scope = [*_names(definitions), *retired] if at.is_refresh else None
        stays.write(stays.hold(moves, held), table, KEY, at.night, scope)
    finally:
        moves.unpersist()
    return judged


def _moment(config: JobConfig, last: date | None) -> Moment | None:
    """None for a refresh before the first night: there is nothing to go on from."""
    if "schedule" not in config.options:
        stays.refuse_backwards(config.run_date, last, "Segments")
        return moment.of_night(config)
    return moment.of_refresh(config, last) if last else None


def run(spark: SparkSession, config: JobConfig) -> Mapping[str, int]:
    """Find, judge, write; returns the number of segments and moves."""
    at = _moment(config, moment.last_night(config))
    if at is None:
        return summary([])
    looked_at = chosen(config, at)
    retired = lifecycle.retired(config.settings, looked_at, at)
    definitions = [definition for definition in looked_at if definition.name not in retired]
    if not (config.settings.lake / "published" / "segment_members" / "_delta_log").is_dir():
        delta.create(spark, catalog.PUBLISHED_SEGMENT_MEMBERS)
    judged, inputs = None, None
    if driver.serves(config.settings, definitions, at):
        inputs = changes.noted(config.settings, definitions, at) if at.is_refresh else None
        judged = _by_driver(config, definitions, at, retired, inputs)
    if judged is None:
        judged = _by_spark(spark, config, definitions, at, retired)
    _note(config, ledger_rows(judged, looked_at, at, inputs), at)
    versions.remember(config.settings, definitions, at)
    aimed = [definition for definition in definitions if definition.target is not None]
    if aimed and not at.is_refresh and driver.serves(config.settings, aimed, at):
        targets.note(config.settings, aimed, at)
    return summary(judged)


def _note(config: JobConfig, rows: list[dict[str, object]], at: Moment) -> None:
    """A night replaces what the day's refreshes noted; a refresh only what refreshes did."""
    night = f"run_date = '{at.night}'"
    predicate = f"{night} AND as_of IS NOT NULL" if at.is_refresh else night
    ledger.replace(catalog.PUBLISHED_SEGMENT_RUNS, rows, predicate, config.settings)
