"""Point-in-time training sets: what was known before a cut-off, and what happened from it on.

Reads gold.customer_features at the cut-offs, gold.orders after them, gold.customers (who may be profiled),
each at one Delta version, so that the set can be built again to the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING

import polars as pl

from alluvium import catalog, delta
from alluvium.errors import AlluviumError
from alluvium.table import Table
from models.common import features as columns
from models.common.cutoffs import outcome_end

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

OUTCOMES = ("outcome_orders", "outcome_spend")


@dataclass(frozen=True)
class Question:
    """What is asked of the data: these cut-offs, this horizon in days, nothing after run_date."""

    cutoffs: tuple[date, ...]
    horizon_days: int
    run_date: date
    excluded: tuple[str, ...]
    most_rows: int


@dataclass(frozen=True)
class TrainingSet:
    """`frame` has one row per customer and cut-off: keys, features, outcome_orders, outcome_spend."""

    frame: pl.DataFrame
    features: tuple[str, ...]
    versions: dict[str, int]

    @property
    def cutoffs(self) -> list[date]:
        """The cut-offs that have features."""
        return sorted(self.frame["as_of_date"].unique().to_list())

    def fingerprint(self, parameters: str) -> str:
        """SHA-256 of the rows and the parameters; the same for the same data on the same versions."""
        buffer = BytesIO()
        self.frame.write_csv(buffer)
        return sha256(buffer.getvalue() + parameters.encode()).hexdigest()


def _pinned(spark: SparkSession, table: Table, version: int) -> DataFrame:
    return spark.read.option("versionAsOf", version).table(table.full_name)


def _outcomes(spark: SparkSession, orders: DataFrame, question: Question) -> DataFrame:
    """Orders and spend of each customer in the days [cut-off, cut-off + horizon)."""
    from pyspark.sql import functions as F

    windows = spark.createDataFrame(
        [(day, outcome_end(day, question.horizon_days)) for day in question.cutoffs],
        "as_of_date date, outcome_end date",
    )
    is_inside = (F.col("ordered_on") >= F.col("as_of_date")) & (F.col("ordered_on") < F.col("outcome_end"))
    return (
        orders.where("customer_id is not null")
        .join(F.broadcast(windows), on=is_inside, how="inner")
        .groupBy("customer_id", "as_of_date")
        .agg(
            F.count("order_id").cast("double").alias("outcome_orders"),
            F.sum("order_total").cast("double").alias("outcome_spend"),
        )
    )


def _known_by_then(customers: DataFrame) -> DataFrame:
    """Those who may be profiled, with the first day on which anything was known of them."""
    from pyspark.sql import functions as F

    first = F.least("first_seen_on", "first_ordered_on").alias("known_since")
    return customers.where("is_profiling_allowed").select("customer_id", first)


def _sampled(rows: DataFrame, most_rows: int) -> DataFrame:
    """All rows, or those of a fixed share of customers when there are more than the driver should hold."""
    from pyspark.sql import functions as F

    parts = -(-rows.count() // most_rows)  # Of one table's partitions: Delta knows it without reading.
    return rows if parts <= 1 else rows.where(F.pmod(F.xxhash64("customer_id"), F.lit(parts)) == 0)


def _is_date(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Date | pl.Datetime)


def refuse_the_future(frame: pl.DataFrame, horizon_days: int, run_date: date) -> None:
    """Refuse rows that saw what they should predict, and outcomes that are not over.

    Every date of a row must lie before its cut-off, no `days_since_*` may be negative, and the outcome must
    have ended by run_date. Raises AlluviumError naming the column.
    """
    newest = max(frame["as_of_date"].to_list(), default=None)
    if newest is not None and (outcome_end(newest, horizon_days) - run_date).days > 1:
        raise AlluviumError(
            f"The outcome of cut-off {newest} over {horizon_days} days is not over on {run_date}",
            where="as_of_date",
        )
    for name, dtype in frame.schema.items():
        if name == "as_of_date":
            continue
        late = pl.lit(False)
        if _is_date(dtype):
            late = pl.col(name).cast(pl.Date) >= pl.col("as_of_date")
        elif name.startswith("days_since_"):
            late = pl.col(name) < 0
        if count := frame.select(late.fill_null(False).sum()).item():
            raise AlluviumError(
                f"{count} rows know something from after their cut-off",
                where=f"gold.customer_features.{name}",
                do="Features must lie strictly before as_of_date; nothing was trained",
            )


def build(spark: SparkSession, question: Question) -> TrainingSet:
    """The training set of a question, rows ordered by cut-off and customer.

    Raises AlluviumError when a row knows the future.
    """
    from pyspark.sql import functions as F

    tables = (catalog.GOLD_CUSTOMER_FEATURES, catalog.GOLD_ORDERS, catalog.GOLD_CUSTOMERS)
    versions = {table.full_name: delta.version(spark, table) for table in tables}
    facts, orders, customers = (_pinned(spark, table, versions[table.full_name]) for table in tables)
    names = columns.usable(facts.schema, question.excluded)
    dates = [f.name for f in facts.schema if f.dataType.typeName().startswith(("date", "timestamp"))]
    rows = (
        _sampled(facts.where(F.col("as_of_date").isin(list(question.cutoffs))), question.most_rows)
        .select("customer_id", *dates, *[F.col(name).cast("double") for name in names])
        .join(_known_by_then(customers), on="customer_id", how="inner")
        .where("known_since < as_of_date")
        .drop("known_since")
    )
    labelled = rows.join(_outcomes(spark, orders, question), on=["customer_id", "as_of_date"], how="left")
    frame = as_frame(labelled.fillna(0.0, subset=list(OUTCOMES)))
    refuse_the_future(frame, question.horizon_days, question.run_date)
    return TrainingSet(frame.select(*columns.KEYS, *names, *OUTCOMES), tuple(names), versions)


def as_frame(rows: DataFrame) -> pl.DataFrame:
    """On the driver, ordered by cut-off and customer: the same rows give the same model."""
    frame = pl.from_arrow(rows.toArrow())
    assert isinstance(frame, pl.DataFrame)
    return frame.sort("as_of_date", "customer_id")
