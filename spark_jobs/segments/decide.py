"""Decide who is in which segment.

Reads   gold.* and ml.* as the definitions say, as of the run date
Writes  published.segment_members, the stays that begin or end tonight; published.segment_runs, the night
Rerun   the same rows; an earlier night than the last one is refused

All segments are found in one query and written in one commit. A segment whose guard objects keeps the
membership of the night before, until somebody raises the guard or names it in the option `approve`
(comma-separated).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.errors import AnalysisException
from pyspark.sql import functions as F

from alluvium import catalog, delta, ledger, stays
from alluvium.errors import AlluviumError
from spark_jobs.segments.definition import FOLDER, Definition, load_all
from spark_jobs.segments.query import bind

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from alluvium.job import JobConfig

KEY = ("segment", "customer_id")
DECIDED, HELD, RETIRED = "decided", "held", "retired"


@dataclass(frozen=True)
class Verdict:
    """What a night means for one segment, in customers: `reason` says why it is held."""

    segment: str
    before: int
    found: int
    entered: int
    left: int
    status: str
    reason: str | None = None

    @property
    def size(self) -> int:
        """Members after the night."""
        return self.before if self.status == HELD else self.found


def union_of(definitions: Sequence[Definition], dates: Mapping[str, date]) -> str:
    """One query for all segments: segment, definition_version, customer_id, each pair once."""
    parts = [
        f"SELECT '{definition.name}' AS segment, '{definition.version}' AS definition_version, customer_id "
        f"FROM ({bind(definition.sql, dates)}) AS found WHERE customer_id IS NOT NULL GROUP BY customer_id"
        for definition in definitions
    ]
    return " UNION ALL ".join(parts)


def verdicts(
    definitions: Sequence[Definition], moved: Mapping[str, Mapping[str, int]], approved: frozenset[str]
) -> list[Verdict]:
    """Judge each segment by its guard. `moved` counts the customers who entered, left and stayed, by segment.

    A segment that has members but no definition any more is retired: all of them leave.
    """
    by_name = {definition.name: definition for definition in definitions}
    return [
        _verdict(name, by_name.get(name), moved.get(name, {}), approved)
        for name in sorted({*by_name, *moved})
    ]


def _verdict(
    name: str, definition: Definition | None, moved: Mapping[str, int], approved: frozenset[str]
) -> Verdict:
    entered, left, stayed = (moved.get(move, 0) for move in (stays.ENTERED, stays.LEFT, stays.STAYED))
    counts = (name, left + stayed, entered + stayed, entered, left)
    if definition is None:
        return Verdict(*counts, status=RETIRED, reason="its definition was removed")
    objection = definition.guard.objection(left + stayed, entered + stayed, entered, left)
    if objection and name not in approved:
        return Verdict(*counts, status=HELD, reason=objection)
    return Verdict(*counts, status=DECIDED)


def found_by(spark: SparkSession, definitions: Sequence[Definition], dates: Mapping[str, date]) -> DataFrame:
    """Who the definitions give; raises AlluviumError naming the first segment that cannot be answered."""
    try:
        found = spark.sql(union_of(definitions, dates))
        found.schema  # noqa: B018 - analyses it, so that an unknown column is found here.
    except AnalysisException:
        for definition in definitions:
            _explain(spark, definition, dates)
        raise
    return found


def _explain(spark: SparkSession, definition: Definition, dates: Mapping[str, date]) -> None:
    try:
        spark.sql(bind(definition.sql, dates)).schema  # noqa: B018
    except AnalysisException as error:
        reason = str(error).partition(" SQLSTATE")[0].splitlines()[0]
        raise AlluviumError(
            f"The segment cannot be answered: {reason}", where=f"{definition.name}.sql"
        ) from None


def counted(moves: DataFrame) -> dict[str, dict[str, int]]:
    moved: dict[str, dict[str, int]] = {}
    for row in moves.groupBy("segment", "move").count().collect():
        moved.setdefault(row["segment"], {})[row["move"]] = row["count"]
    return moved


def ledger_rows(
    judged: Sequence[Verdict], definitions: Sequence[Definition], run_date: date
) -> list[dict[str, Any]]:
    """Rows of `published.segment_runs`."""
    by_name = {definition.name: definition for definition in definitions}
    return [
        {
            "segment": verdict.segment,
            "run_date": run_date,
            "status": verdict.status,
            "reason": verdict.reason,
            "size": verdict.size,
            "entered": verdict.entered,
            "left": verdict.left,
            "found": verdict.found,
            "definition_version": definition.version if definition else None,
            "owner": definition.owner if definition else None,
            "allowed_purposes": ",".join(definition.purposes) if definition else None,
        }
        for verdict in judged
        for definition in [by_name.get(verdict.segment)]
    ]


def last_night(config: JobConfig) -> date | None:
    """The newest run date that was decided."""
    days = ledger.read(catalog.PUBLISHED_SEGMENT_RUNS, config.settings)["run_date"].to_pylist()
    return max(days, default=None)


def run(spark: SparkSession, config: JobConfig) -> Mapping[str, int]:
    """Find, judge, write; returns the number of segments and moves."""
    stays.refuse_backwards(config.run_date, last_night(config), "Segments")
    definitions = load_all(Path(config.options.get("definitions", FOLDER)))
    dates = {"run_date": config.run_date, "as_of_date": config.as_of_date}
    delta.create(spark, catalog.PUBLISHED_SEGMENT_MEMBERS)
    history = delta.read(spark, catalog.PUBLISHED_SEGMENT_MEMBERS)
    found = found_by(spark, definitions, dates)
    moves = stays.compare(history, found, KEY, stays.night_at(config.run_date)).persist()
    try:
        judged = verdicts(definitions, counted(moves), approved(config))
        held = F.col("segment").isin([verdict.segment for verdict in judged if verdict.status == HELD])
        stays.write(stays.hold(moves, held), catalog.PUBLISHED_SEGMENT_MEMBERS, KEY, config.run_date)
    finally:
        moves.unpersist()
    rows = ledger_rows(judged, definitions, config.run_date)
    ledger.replace(catalog.PUBLISHED_SEGMENT_RUNS, rows, f"run_date = '{config.run_date}'", config.settings)
    return summary(judged)


def approved(config: JobConfig) -> frozenset[str]:
    """Segments that somebody lets through although their guard objects."""
    return frozenset(filter(None, config.options.get("approve", "").split(",")))


def summary(judged: Sequence[Verdict]) -> dict[str, int]:
    """Counts for the ledger of runs."""
    applied = [verdict for verdict in judged if verdict.status != HELD]
    return {
        "segments": len(judged),
        "held": len(judged) - len(applied),
        "entered": sum(verdict.entered for verdict in applied),
        "left": sum(verdict.left for verdict in applied),
    }
