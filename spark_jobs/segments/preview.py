"""What a definition would give, before anything is saved.

Reads   gold.* and ml.* as the definition says, published.segment_members, gold.customer_rfm, gold.consents,
        ml.ltv_scores
Writes  nothing
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from alluvium.lake import driver_stays, lake_sql
from spark_jobs.segments import found, groups
from spark_jobs.segments.definition import FOLDER
from spark_jobs.segments.driver import serves
from spark_jobs.segments.verdict import verdicts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from alluvium.job import JobConfig
    from spark_jobs.segments.definition import Definition
    from spark_jobs.segments.moment import Moment

MOVES = """
SELECT
    count(*) FILTER (WHERE stays.customer_id IS NULL), count(*) FILTER (WHERE found.customer_id IS NULL),
    count(*) FILTER (WHERE stays.customer_id IS NOT NULL AND found.customer_id IS NOT NULL)
FROM found FULL OUTER JOIN (
    SELECT customer_id FROM published.segment_members AS stays WHERE segment = ? AND {was_in}
) AS stays ON stays.customer_id = found.customer_id
"""
OVERLAP = """
SELECT stays.segment, count(*) FROM published.segment_members AS stays JOIN found USING (customer_id)
WHERE {is_in} AND stays.segment <> ? GROUP BY ALL ORDER BY ALL
"""
RFM = """
SELECT coalesce(rfm_group, 'never bought'), count(*)
FROM found LEFT JOIN gold.customer_rfm USING (customer_id)
GROUP BY ALL ORDER BY 2 DESC, 1
"""
VALUE = """
SELECT avg(monetary)::DOUBLE, median(monetary)::DOUBLE, avg(frequency)::DOUBLE, avg(recency_days)::DOUBLE
FROM found JOIN gold.customer_rfm USING (customer_id)
"""
EXPECTED = """
SELECT avg(predicted_spend)::DOUBLE FROM found JOIN ml.ltv_scores USING (customer_id)
WHERE as_of_date = (SELECT max(as_of_date) FROM ml.ltv_scores WHERE as_of_date <= ?)
"""
# Of the purposes that the segment may be used for.
REACH = """
SELECT purpose, count(*) FROM found JOIN (
    SELECT customer_id, purpose FROM gold.consents
    WHERE valid_from < ? AND (valid_to IS NULL OR valid_to >= ?)
    GROUP BY ALL HAVING bool_and(coalesce(status = 'granted', false))
) AS granted USING (customer_id) GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True)
class Preview:
    """Customers that a definition finds, against the members of the night before."""

    segment: str
    found: int
    before: int
    entered: int
    left: int
    objection: str | None
    overlap: dict[str, int] = field(default_factory=dict)
    rfm: dict[str, int] = field(default_factory=dict)
    value: dict[str, float | None] = field(default_factory=dict)
    reach: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


class Population:
    """Whom a definition finds, in a temporary table `found` that questions can be asked about."""

    def __init__(self, spark: SparkSession, definition: Definition, config: JobConfig, at: Moment) -> None:
        self._view = lake_sql.View(config.settings)
        self._duck = lake_sql.connection(self._view)
        zone = config.settings.business_time_zone
        folder = Path(config.options.get("definitions", FOLDER))
        group = [definition, *groups.ahead_of(config.settings, definition, at, folder)]
        if serves(config.settings, group, at):
            for one in group:
                self._check(one, found.query_of(one, at, zone, "duckdb"))
            query = found.members_of(definition, group[1:], at, zone, "duckdb")
            self._duck.execute(f"CREATE TEMP TABLE found AS {query}")
        else:
            rows = found.by_spark(spark, group, at, zone).where(f"segment = '{definition.name}'")
            self._duck.register("given", rows.select("customer_id").toArrow())
            self._duck.execute("CREATE TEMP TABLE found AS SELECT customer_id FROM given")

    def _check(self, definition: Definition, query: str) -> None:
        """Raises AlluviumError for a definition that the lake cannot answer."""
        lake_sql.define(self._duck, self._view, query)
        found.explain([definition], lambda _: self._duck.execute(f"EXPLAIN {query}"), duckdb.Error)

    def ask(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a query over the lake and `found`; none when the lake lacks a table of it."""
        tables = set(lake_sql.tables(self._view))
        if any(f"{schema}.{name}" not in tables for schema, name in lake_sql.names_in(query)):
            return []
        return lake_sql.answer(self._duck, self._view, query, list(parameters)).fetchall()


def _value(population: Population, at: Moment) -> dict[str, float | None]:
    names = ("mean_spend", "median_spend", "mean_orders", "mean_days_since_last_order")
    ((*figures,),) = population.ask(VALUE) or [(None,) * len(names)]
    ((expected,),) = population.ask(EXPECTED, at.dates["as_of_date"]) or [(None,)]
    values = {**dict(zip(names, figures, strict=True)), "mean_predicted_spend": expected}
    return {name: None if value is None else round(value, 2) for name, value in values.items()}


def pseudonym(segment: str, customer_id: str) -> str:
    """Another name for a customer, good for this segment only: to talk about, not to look up."""
    return sha256(f"example\x1f{segment}\x1f{customer_id}".encode()).hexdigest()[:12]


def preview(spark: SparkSession, definition: Definition, config: JobConfig, at: Moment) -> Preview:
    """Ask the definition; raises AlluviumError when the lake cannot answer it."""
    name, population = definition.name, Population(spark, definition, config, at)
    moved = population.ask(MOVES.format(was_in=driver_stays.was_in(at.at)), name)
    entered, left, stayed = moved[0] if moved else (population.ask("SELECT count(*) FROM found")[0][0], 0, 0)
    (verdict,) = verdicts(
        [definition], {name: {"entered": entered, "left": left, "stayed": stayed}}, frozenset()
    )
    examples = population.ask("SELECT customer_id FROM found ORDER BY md5(customer_id) LIMIT 5")
    overlap = OVERLAP.format(is_in=driver_stays.is_in(at.at))
    return Preview(
        segment=name,
        found=verdict.found,
        before=verdict.before,
        entered=entered,
        left=left,
        objection=verdict.reason,
        overlap=dict(population.ask(overlap, name)),
        rfm=dict(population.ask(RFM)),
        value=_value(population, at),
        reach=dict(population.ask(REACH, at.as_of, at.as_of)),
        examples=[pseudonym(name, customer_id) for (customer_id,) in examples],
    )
