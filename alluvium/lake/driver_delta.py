"""The verbs of `alluvium.lake.delta` for rows that fit on the driver: some 50 ms a commit instead of seconds.

A night is many small commits. Up to `MOST_ROWS` rows they are fetched as Arrow and written by the Delta
library in this process; above it Spark writes. Never both at once for one table: a job writes its tables
alone.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from alluvium.table import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MOST_ROWS = 200_000

_retry_on_conflict = retry(
    retry=retry_if_exception_type(CommitFailedError),
    stop=stop_after_attempt(8),
    wait=wait_random_exponential(multiplier=0.05, max=2),
    reraise=True,
)


def folder(spark: SparkSession, table: Table) -> Path | None:
    """Where the table lies when that is a disk of this machine, else None."""
    path = _place(spark, table)
    return path if path and (path / "_delta_log").is_dir() else None


def _place(spark: SparkSession, table: Table) -> Path | None:
    warehouse = urlparse(spark.conf.get("spark.sql.warehouse.dir") or "")
    if warehouse.scheme != "file":
        return None
    return Path(unquote(warehouse.path)) / table.schema / table.name


def is_local(spark: SparkSession) -> bool:
    """Whether the lake is a disk of this machine."""
    return urlparse(spark.conf.get("spark.sql.warehouse.dir") or "").scheme == "file"


def clear_unborn(spark: SparkSession, table: Table) -> bool:
    """Remove the folder of a table that never had a commit; False when there is nothing to remove."""
    path = _place(spark, table)
    if path is None or not path.is_dir() or any((path / "_delta_log").glob("*.json")):
        return False
    shutil.rmtree(path)
    return True


def fetch(df: DataFrame, count: int | None) -> pa.Table | None:
    """The rows as Arrow, or None when there are more than the driver takes. `count` when it is known."""
    if count is None:
        rows = df.limit(MOST_ROWS + 1).toArrow()
        return rows if rows.num_rows <= MOST_ROWS else None
    return df.toArrow() if count <= MOST_ROWS else None


def shaped(rows: pa.Table, path: Path) -> pa.Table:
    """The table's columns in the table's order and types; a missing column is an error of the caller."""
    schema = pa.schema(DeltaTable(str(path)).schema().to_arrow())
    return rows.select(schema.names).cast(schema)


def append(rows: pa.Table, path: Path) -> None:
    """Add the rows in one commit; none for no rows. Appends never conflict."""
    if rows.num_rows:
        write_deltalake(str(path), rows, mode="append")


@_retry_on_conflict
def replace(rows: pa.Table, path: Path, predicate: str | None) -> None:
    """Replace the rows that the predicate names, all without one; no commit for nothing on both sides."""
    if rows.num_rows == 0 and count_rows(path, predicate) == 0:
        return
    write_deltalake(str(path), rows, mode="overwrite", predicate=predicate)


@_retry_on_conflict
def delete(path: Path, predicate: str) -> None:
    """Delete the rows that the predicate names; no commit for none."""
    if count_rows(path, predicate):
        DeltaTable(str(path)).delete(predicate)


def as_arrow(found: Any) -> pa.Table:
    """What the Delta library answered, as Arrow's table: `pa.table` would load pandas first, 2 s of CPU."""
    return pa.RecordBatchReader.from_stream(found).read_all()


def replace_all(rows: pa.RecordBatchReader, path: Path) -> None:
    """Replace the table's rows by a stream, in one commit; memory holds one file of it at a time."""
    write_deltalake(str(path), rows, mode="overwrite")


def count_rows(path: Path, predicate: str | None = None) -> int:
    """How many rows a predicate names; all without one."""
    from deltalake import QueryBuilder

    query = f"SELECT count(*) AS n FROM t WHERE {predicate or 'true'}"
    found = QueryBuilder().register("t", DeltaTable(str(path))).execute(query)
    return int(as_arrow(found)["n"][0].as_py())


@_retry_on_conflict
def merge(
    rows: pa.Table,
    path: Path,
    condition: str,
    update_when: str | None,
    delete_missing: str | None,
) -> None:
    """As `alluvium.lake.delta.merge`; the library makes no commit when nothing changes."""
    merging = DeltaTable(str(path)).merge(rows, predicate=condition, source_alias="s", target_alias="t")
    if update_when is not None:
        merging = merging.when_matched_update_all(predicate=update_when).when_not_matched_insert_all()
    else:
        merging = merging.when_matched_delete()
    if delete_missing:
        merging = merging.when_not_matched_by_source_delete(predicate=delete_missing)
    merging.execute()
