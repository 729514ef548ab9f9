"""Point-in-time training sets: what was known before a cut-off, and what happened from it on.

Reads gold.customer_features at the cut-offs, gold.orders after them, gold.customers (who may be profiled),
each at one Delta version, so that the set can be built again to the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING

import polars as pl

from alluvium import catalog
from alluvium.errors import AlluviumError
from alluvium.lake import delta, driver_delta
from models.common import features as columns
from models.common import local
from models.common.cutoffs import outcome_end

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

# Figures are told by them; no model sees them.
SLICES = ("slice_region", "slice_age_band", "slice_gender")
OUTCOMES = ("outcome_orders", "outcome_spend", "outcome_redemptions")
MOST_ON_DRIVER = 500_000
TABLES = {
    "facts": catalog.GOLD_CUSTOMER_FEATURES,
    "orders": catalog.GOLD_ORDERS,
    "redemptions": catalog.GOLD_COUPON_REDEMPTIONS,
    "customers": catalog.GOLD_CUSTOMERS,
}

# Whoever may be profiled and of whom something was known before the cut-off, and what each did in the days
# [cut-off, cut-off + horizon). Standard SQL: two engines read it.
_ROWS = """
    WITH windows AS (SELECT * FROM (VALUES {windows}) AS w (as_of_date, outcome_end)),
    outcomes AS (
        SELECT
            o.customer_id, w.as_of_date, COUNT(o.order_id) AS outcome_orders,
            SUM(o.order_total) AS outcome_spend
        FROM {orders} AS o
        INNER JOIN windows AS w ON o.ordered_on >= w.as_of_date AND o.ordered_on < w.outcome_end
        WHERE o.customer_id IS NOT NULL
        GROUP BY o.customer_id, w.as_of_date
    ),
    redeemed AS (
        SELECT r.customer_id, w.as_of_date, COUNT(*) AS outcome_redemptions
        FROM {redemptions} AS r
        INNER JOIN windows AS w ON r.redeemed_on >= w.as_of_date AND r.redeemed_on < w.outcome_end
        GROUP BY r.customer_id, w.as_of_date
    )
    SELECT
        {selected},
        c.region AS slice_region,
        c.age_band AS slice_age_band,
        c.gender AS slice_gender,
        CAST(COALESCE(u.outcome_orders, 0) AS DOUBLE) AS outcome_orders,
        CAST(COALESCE(u.outcome_spend, 0) AS DOUBLE) AS outcome_spend,
        CAST(COALESCE(v.outcome_redemptions, 0) AS DOUBLE) AS outcome_redemptions
    FROM {facts} AS f
    INNER JOIN {customers} AS c ON c.customer_id = f.customer_id
    LEFT JOIN outcomes AS u ON u.customer_id = f.customer_id AND u.as_of_date = f.as_of_date
    LEFT JOIN redeemed AS v ON v.customer_id = f.customer_id AND v.as_of_date = f.as_of_date
    WHERE
        f.as_of_date IN ({cutoffs})
        AND c.is_profiling_allowed
        AND (c.first_seen_on < f.as_of_date OR c.first_ordered_on < f.as_of_date)
        AND {sampled}
"""


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


def _query(question: Question, names: list[str], dates: list[str], sampled: str, **tables: str) -> str:
    windows = ", ".join(
        f"({_day(day)}, {_day(outcome_end(day, question.horizon_days))})" for day in question.cutoffs
    )
    numbers = [f"CAST(f.{name} AS DOUBLE) AS {name}" for name in names]
    selected = ", ".join(["f.customer_id", "f.as_of_date", *[f"f.{name}" for name in dates], *numbers])
    return _ROWS.format(
        windows=windows,
        selected=selected,
        cutoffs=", ".join(map(_day, question.cutoffs)),
        sampled=sampled,
        **tables,
    )


def _day(day: date) -> str:
    return f"DATE '{day}'"


def read(question: Question, folders: Mapping[str, Path]) -> TrainingSet:
    """Read in this process; `folders` are those of TABLES. Raises AlluviumError as `build` does."""
    versions = {name: local.version(folder) for name, folder in folders.items()}
    kinds = local.types(folders["facts"])
    names, dates = columns.usable(kinds, question.excluded), columns.dates(kinds)
    query = _query(question, names, dates, "true", **{name: name for name in folders})
    rows = pl.from_arrow(local.query(query, versions, **folders))
    assert isinstance(rows, pl.DataFrame)
    return _checked(rows, question, names, versions)


def _by_spark(spark: SparkSession, question: Question) -> TrainingSet:
    """Read by the workers; of more rows than the driver should hold, those of a fixed share of customers."""
    versions = {name: delta.version(spark, table) for name, table in TABLES.items()}
    pinned = {name: f"{table.full_name} VERSION AS OF {versions[name]}" for name, table in TABLES.items()}
    days = ", ".join(map(_day, question.cutoffs))
    facts = spark.sql(f"SELECT * FROM {pinned['facts']} WHERE as_of_date IN ({days})")
    parts = -(-facts.count() // question.most_rows)  # Of one table's partitions: Delta knows it unread.
    sampled = "true" if parts <= 1 else f"pmod(xxhash64(f.customer_id), {parts}) = 0"
    names, dates = columns.usable(dict(facts.dtypes), question.excluded), columns.dates(dict(facts.dtypes))
    rows = pl.from_arrow(spark.sql(_query(question, names, dates, sampled, **pinned)).toArrow())
    assert isinstance(rows, pl.DataFrame)
    return _checked(rows, question, names, versions)


def _checked(
    rows: pl.DataFrame, question: Question, names: list[str], versions: dict[str, int]
) -> TrainingSet:
    """Ordered by cut-off and customer: the same rows give the same model."""
    frame = rows.sort("as_of_date", "customer_id")
    refuse_the_future(frame, question.horizon_days, question.run_date)
    noted = {TABLES[name].full_name: version for name, version in versions.items()}
    return TrainingSet(frame.select(*columns.KEYS, *names, *SLICES, *OUTCOMES), tuple(names), noted)


def build(spark: SparkSession, question: Question, most_on_driver: int = MOST_ON_DRIVER) -> TrainingSet:
    """The training set of a question, each table at one version; few rows without a Spark statement.

    Raises AlluviumError when a row knows the future.
    """
    found = local.folders(spark, TABLES.values())
    if found:
        folders = dict(zip(TABLES, found, strict=True))
        days = ", ".join(map(_day, question.cutoffs))
        if driver_delta.count_rows(folders["facts"], f"as_of_date IN ({days})") <= min(
            most_on_driver, question.most_rows
        ):
            return read(question, folders)
    return _by_spark(spark, question)
