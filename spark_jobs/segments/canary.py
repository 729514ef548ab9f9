"""An edited definition beside the one that decided last, on the same data: what would change."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from spark_jobs.segments.preview import Population
from spark_jobs.segments.verdict import verdicts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from alluvium.job import JobConfig
    from spark_jobs.segments.definition import Definition
    from spark_jobs.segments.moment import Moment

MEAN_SPEND = "SELECT avg(monetary)::DOUBLE FROM found JOIN gold.customer_rfm USING (customer_id)"


@dataclass(frozen=True)
class Canary:
    """Customers of the old and the new definition; spend is the mean of the customers found."""

    segment: str
    old_version: str | None
    new_version: str
    old_size: int
    new_size: int
    enter: int
    leave: int
    old_mean_spend: float | None
    new_mean_spend: float | None
    objection: str | None

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def _look(spark: SparkSession, definition: Definition, config: JobConfig, at: Moment) -> tuple[set[str], Any]:
    population = Population(spark, definition, config, at)
    found = {customer_id for (customer_id,) in population.ask("SELECT customer_id FROM found")}
    spend = population.ask(MEAN_SPEND)
    return found, round(spend[0][0], 2) if spend and spend[0][0] is not None else None


def compare(
    spark: SparkSession, old: Definition | None, new: Definition, config: JobConfig, at: Moment
) -> Canary:
    """Ask both. Without an old definition everybody is new, and only the size is guarded."""
    found, new_spend = _look(spark, new, config, at)
    before, old_spend = _look(spark, old, config, at) if old else (set(), None)
    entered, left = len(found - before), len(before - found)
    counts = {"entered": entered, "left": left, "stayed": len(found & before)}
    (verdict,) = verdicts([new], {new.name: counts}, frozenset())
    return Canary(
        segment=new.name,
        old_version=old.version if old else None,
        new_version=new.version,
        old_size=len(before),
        new_size=len(found),
        enter=entered,
        leave=left,
        old_mean_spend=old_spend,
        new_mean_spend=new_spend,
        objection=verdict.reason,
    )
