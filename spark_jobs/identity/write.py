"""Write what changed: each table at most one commit, none when its rows are as they were.

Where the lake is a disk of this machine and few rows changed, no Spark statement is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from pyspark.sql import DataFrame, SparkSession

from alluvium.errors import AlluviumError
from alluvium.lake import delta, driver_delta
from alluvium.settings import Settings
from alluvium.table import Table

AT_ONCE = 3
_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "string": pl.String,
    "date": pl.Date,
    "timestamp": pl.Datetime("us", "UTC"),
    "boolean": pl.Boolean,
    "double": pl.Float64,
    "int": pl.Int32,
    "bigint": pl.Int64,
    "binary": pl.Binary,
}


def _shape(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The table's columns and types; a missing column is an error of the caller."""
    assert table.columns is not None
    return frame.select(pl.col(name).cast(_TYPES[kind]) for name, (kind, _) in table.columns.items())


def _to_spark(spark: SparkSession, frame: pl.DataFrame, table: Table) -> DataFrame:
    assert table.columns is not None
    schema = ", ".join(f"`{name}` {kind}" for name, (kind, _) in table.columns.items())
    return spark.createDataFrame(frame.to_arrow(), schema)  # type: ignore[arg-type]


def _check_columns(table: Table, path: Path) -> None:
    """Raises AlluviumError for a table of an earlier release that lacks columns."""
    held = {field.name for field in DeltaTable(str(path)).schema().fields}
    if missing := sorted(set(table.columns or {}) - held):
        raise AlluviumError(
            f"{table.full_name} lacks the column {missing[0]}",
            do="Run `alluvium migrate`, then the night again",
        )


def _equal(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    """The same rows in any order."""
    return one.height == other.height and one.sort(pl.all()).equals(other.sort(pl.all()))


@dataclass(frozen=True)
class Lake:
    """Reads and writes the room's tables. `spark` is only used where it must be."""

    spark: SparkSession
    settings: Settings

    def _folder(self, table: Table) -> Path | None:
        """Where the table lies on a disk of this machine, once it exists."""
        path = self.settings.lake / table.schema / table.name
        return path if (path / "_delta_log").is_dir() else None

    def stored(self, table: Table, predicate: str = "true") -> pl.DataFrame:
        """The table's rows on the driver; no rows before the first write."""
        assert table.columns is not None
        if path := self._folder(table):
            held = QueryBuilder().register("held", DeltaTable(str(path)))
            # Not `pa.table`: it loads pandas, two seconds of CPU.
            _check_columns(table, path)
            found = pa.RecordBatchReader.from_stream(held.execute(f"SELECT * FROM held WHERE {predicate}"))
            return _shape(pl.DataFrame(pl.from_arrow(found.read_all())), table)
        if not delta.exists(self.spark, table):
            return pl.DataFrame(schema={name: _TYPES[kind] for name, (kind, _) in table.columns.items()})
        rows = delta.read(self.spark, table).where(predicate).toArrow()
        return _shape(pl.DataFrame(pl.from_arrow(rows)), table)

    def _born(self, table: Table) -> Path | None:
        """As `_folder`, after the table was made where it is missing."""
        if self._folder(table) is None and not delta.exists(self.spark, table):
            delta.create(self.spark, table)
        return self._folder(table)

    def _merge(self, table: Table, rows: pl.DataFrame, delete_missing: str) -> None:
        path = self._born(table)
        if path and rows.height <= driver_delta.MOST_ROWS:
            shaped = driver_delta.shaped(rows.to_arrow(), path)
            delta.merge_rows(shaped, table, path, on=list(table.key), delete_missing=delete_missing)
        else:
            source = _to_spark(self.spark, rows, table)
            delta.merge(source, table, on=list(table.key), delete_missing=delete_missing)

    def whole(self, table: Table, frame: pl.DataFrame) -> None:
        """Make the table hold exactly these rows; only rows that differ are written."""
        rows, held = _shape(frame, table), self.stored(table)
        if not _equal(rows, held) or self._folder(table) is None:
            self._merge(table, rows, "true")

    def night(self, table: Table, frame: pl.DataFrame, run_date: date) -> None:
        """Make the run date's rows exactly these; other days are not touched."""
        rows, of_night = _shape(frame, table), f"run_date = DATE '{run_date.isoformat()}'"
        path = self._born(table)
        if _equal(rows, self.stored(table, of_night)):
            return
        if path and rows.height <= driver_delta.MOST_ROWS:
            driver_delta.replace(driver_delta.shaped(rows.to_arrow(), path), path, of_night)
        else:
            delta.replace_where(_to_spark(self.spark, rows, table), table, of_night)

    def periods(self, table: Table, after: pl.DataFrame, held: pl.DataFrame, run_date: date) -> None:
        """Write the periods that differ; take back what an earlier try of the night opened."""
        rows = _shape(after, table)
        differs = rows.join(held, on=rows.columns, how="anti", nulls_equal=True)
        gone = held.join(rows, on=list(table.key), how="anti")
        if differs.is_empty() and gone.is_empty() and self._folder(table) is not None:
            return
        opened = rows.filter(pl.col("opened_on") == run_date)
        source = pl.concat([differs, opened]).unique(list(table.key))
        self._merge(table, source, f"(t.opened_on = DATE '{run_date.isoformat()}')")


def side_by_side(writes: Sequence[Callable[[], None]]) -> None:
    """Write independent tables at the same time: a commit waits more than it works.

    Raises the first error, after all have ended; a rerun of the night completes what is missing.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = [pool.submit(write) for write in writes]
    for each in started:
        each.result()
