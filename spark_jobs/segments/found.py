"""One query for all segments, and what goes wrong in it: who is found, by segment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from alluvium.errors import AlluviumError
from spark_jobs.segments import events
from spark_jobs.segments.definition import Definition
from spark_jobs.segments.header import Priority
from spark_jobs.segments.moment import Moment
from spark_jobs.segments.query import bind

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

NOBODY = "SELECT '' AS segment, '' AS definition_version, '' AS customer_id WHERE 1 = 0"
FIRST_OF_GROUP = (
    "SELECT segment, definition_version, customer_id FROM (SELECT *, "
    "row_number() OVER (PARTITION BY priority_group, customer_id ORDER BY place) AS standing "
    "FROM ({}) AS grouped) AS ranked WHERE standing = 1"
)


def query_of(definition: Definition, moment: Moment, zone: str, dialect: str) -> str:
    """The definition as an engine reads it; in a refresh with the events that the warehouse lacks."""
    newer = {events.GOLD_EVENTS: events.up_to(moment, zone, dialect)} if moment.is_refresh else {}
    return bind(definition.sql, {**moment.dates, **definition.values}, dialect, newer)


def union_of(definitions: Sequence[Definition], moment: Moment, zone: str, dialect: str = "spark") -> str:
    """One query for all segments: segment, definition_version, customer_id, each pair once.

    Of the segments of a priority group a customer is in the first one only.
    """
    alone = [_rows_of(d, moment, zone, dialect) for d in definitions if d.priority is None]
    grouped = [
        _rows_of(d, moment, zone, dialect, _standing(d.priority))
        for d in definitions
        if d.priority is not None
    ]
    if grouped:
        alone.append(FIRST_OF_GROUP.format(" UNION ALL ".join(grouped)))
    return " UNION ALL ".join(alone) or NOBODY


def members_of(
    definition: Definition, ahead: Sequence[Definition], moment: Moment, zone: str, dialect: str = "spark"
) -> str:
    """customer_id of one segment; who is in a segment `ahead` of it in its priority group is not in it."""
    union = union_of([definition, *ahead], moment, zone, dialect)
    return f"SELECT customer_id FROM ({union}) AS of_group WHERE segment = '{definition.name}'"


def _standing(priority: Priority) -> str:
    return f"'{priority.group}' AS priority_group, {priority.place} AS place, "


def _rows_of(definition: Definition, moment: Moment, zone: str, dialect: str, standing: str = "") -> str:
    return (
        f"SELECT {standing}'{definition.name}' AS segment, '{definition.version}' AS definition_version, "
        "customer_id "
        f"FROM ({query_of(definition, moment, zone, dialect)}) AS found "
        "WHERE customer_id IS NOT NULL GROUP BY customer_id"
    )


def take_texts_as_they_are(spark: SparkSession) -> None:
    """Spark would put variables of the server's environment in the place of `${env:HOME}`, even in a text."""
    spark.conf.set("spark.sql.variable.substitute", "false")


def by_spark(spark: SparkSession, definitions: Sequence[Definition], moment: Moment, zone: str) -> DataFrame:
    """Who the definitions give; raises AlluviumError naming the first segment that cannot be answered."""
    from pyspark.errors import AnalysisException

    take_texts_as_they_are(spark)
    try:
        found = spark.sql(union_of(definitions, moment, zone))
        found.schema  # noqa: B018 - analyses it, so that an unknown column is found here.
    except AnalysisException:
        explain(
            definitions, lambda one: spark.sql(query_of(one, moment, zone, "spark")).schema, AnalysisException
        )
        raise
    return found


def explain(
    definitions: Sequence[Definition], ask: Callable[[Definition], object], error: type[Exception]
) -> None:
    """Raises AlluviumError for the first definition that `ask` cannot answer."""
    for definition in definitions:
        try:
            ask(definition)
        except error as problem:
            reason = str(problem).partition(" SQLSTATE")[0].splitlines()[0]
            raise AlluviumError(f"The segment cannot be answered: {reason}", where=definition.file) from None
