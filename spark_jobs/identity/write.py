"""Write what changed: each table at most one commit, none when its rows are as they were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import polars as pl
from pyspark.sql import DataFrame, SparkSession

from alluvium import delta
from alluvium.table import Table

AT_ONCE = 3
_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "string": pl.String,
    "date": pl.Date,
    "timestamp": pl.Datetime("us", "UTC"),
    "boolean": pl.Boolean,
    "double": pl.Float64,
    "int": pl.Int32,
}


def _shape(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The table's columns and types; a missing column is an error of the caller."""
    assert table.columns is not None
    return frame.select(pl.col(name).cast(_TYPES[kind]) for name, (kind, _) in table.columns.items())


def stored(spark: SparkSession, table: Table, predicate: str = "true") -> pl.DataFrame:
    """The table's rows on the driver; no rows before the first write."""
    assert table.columns is not None
    if not delta.exists(spark, table):
        return pl.DataFrame(schema={name: _TYPES[kind] for name, (kind, _) in table.columns.items()})
    return _shape(pl.DataFrame(pl.from_arrow(delta.read(spark, table).where(predicate).toArrow())), table)


def _to_spark(spark: SparkSession, frame: pl.DataFrame, table: Table) -> DataFrame:
    assert table.columns is not None
    schema = ", ".join(f"`{name}` {kind}" for name, (kind, _) in table.columns.items())
    return spark.createDataFrame(frame.to_arrow(), schema)  # type: ignore[arg-type]


def _equal(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    """The same rows in any order."""
    return one.height == other.height and one.sort(pl.all()).equals(other.sort(pl.all()))


def whole(spark: SparkSession, table: Table, frame: pl.DataFrame) -> None:
    """Make the table hold exactly these rows; only rows that differ are written."""
    rows = _shape(frame, table)
    if not delta.exists(spark, table):
        delta.create(spark, table)
    if _equal(rows, stored(spark, table)):
        return
    delta.merge(_to_spark(spark, rows, table), table, on=list(table.key), delete_missing="true")


def night(spark: SparkSession, table: Table, frame: pl.DataFrame, run_date: date) -> None:
    """Make the run date's rows exactly these; other days are not touched."""
    rows, of_night = _shape(frame, table), f"run_date = DATE'{run_date.isoformat()}'"
    if not delta.exists(spark, table):
        delta.create(spark, table)
    if not _equal(rows, stored(spark, table, of_night)):
        delta.replace_where(_to_spark(spark, rows, table), table, of_night)


def periods(
    spark: SparkSession, table: Table, after: pl.DataFrame, held: pl.DataFrame, run_date: date
) -> None:
    """Write the periods that differ from those held; take back what an earlier try of the run date opened."""
    rows = _shape(after, table)
    differs = rows.join(held, on=rows.columns, how="anti", nulls_equal=True)
    gone = held.join(rows, on=list(table.key), how="anti")
    if differs.is_empty() and gone.is_empty() and delta.exists(spark, table):
        return
    opened = rows.filter(pl.col("opened_on") == run_date)
    source = pl.concat([differs, opened]).unique(list(table.key))
    delta.merge(
        _to_spark(spark, source, table), table, on=list(table.key),
        delete_missing=f"t.opened_on = DATE'{run_date.isoformat()}'",
    )  # fmt: skip


def side_by_side(writes: Sequence[Callable[[], None]]) -> None:
    """Write independent tables at the same time: a commit waits more than it works.

    Raises the first error, after all have ended; a rerun of the night completes what is missing.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = [pool.submit(write) for write in writes]
    for each in started:
        each.result()
