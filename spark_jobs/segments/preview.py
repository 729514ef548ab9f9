"""What a definition would give, before anything is saved.

Reads   gold.* and ml.* as the definition says, published.segment_members
Writes  nothing
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from alluvium import catalog, delta, stays
from spark_jobs.segments.decide import KEY, counted, found_by

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from alluvium.job import JobConfig
    from spark_jobs.segments.definition import Definition

COUNT_EXAMPLES = 5


@dataclass(frozen=True)
class Preview:
    """Customers that a definition finds, against the members of the night before."""

    segment: str
    found: int
    before: int
    entered: int
    left: int
    objection: str | None
    overlap: dict[str, int]
    examples: list[str]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def _overlap(found: DataFrame, members: DataFrame, segment: str, config: JobConfig) -> dict[str, int]:
    """How many of the found are in each other segment at the end of the run date."""
    others = members.where(stays.is_in(stays.night_at(config.run_date)) & (F.col("segment") != segment))
    shared = others.select("segment", "customer_id").join(
        found.select("customer_id"), on="customer_id", how="inner"
    )
    return {row["segment"]: row["count"] for row in shared.groupBy("segment").count().collect()}


def preview(spark: SparkSession, definition: Definition, config: JobConfig) -> Preview:
    """Ask the definition; raises AlluviumError when the lake cannot answer it."""
    dates = {"run_date": config.run_date, "as_of_date": config.as_of_date}
    delta.create(spark, catalog.PUBLISHED_SEGMENT_MEMBERS)
    members = delta.read(spark, catalog.PUBLISHED_SEGMENT_MEMBERS)
    found = found_by(spark, [definition], dates)
    own = members.where(F.col("segment") == definition.name)
    moved = counted(stays.compare(own, found, KEY, stays.night_at(config.run_date))).get(definition.name, {})
    entered, left, stayed = (moved.get(move, 0) for move in (stays.ENTERED, stays.LEFT, stays.STAYED))
    examples = found.orderBy(F.xxhash64("customer_id"), "customer_id").limit(COUNT_EXAMPLES).collect()
    return Preview(
        segment=definition.name,
        found=entered + stayed,
        before=left + stayed,
        entered=entered,
        left=left,
        objection=definition.guard.objection(left + stayed, entered + stayed, entered, left),
        overlap=_overlap(found, members, definition.name, config),
        examples=[row["customer_id"] for row in examples],
    )
