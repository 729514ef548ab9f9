"""The few verbs on Delta tables, and the only place that knows about commits.

A job hands over a DataFrame and a table of the catalogue. Each verb makes at most one commit, creates the
table when it is missing, and tries again when another writer came first. Few rows are written by the driver
(`alluvium.lake.driver_delta`), many by Spark; both leave the same table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

from alluvium.lake import driver_delta
from alluvium.table import Table

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from pyspark.sql import DataFrame, DataFrameWriter, SparkSession

NOT_EMPTY = "DELTA_CREATE_TABLE_WITH_NON_EMPTY_LOCATION"
CONFLICT = "2D521"  # SQLSTATE of every Delta commit conflict.
# Deletion vectors would shut out readers and the driver's own writer; files here are small enough to rewrite.
PROPERTIES = {"delta.enableDeletionVectors": "false"}
# A merge writes a file again for one row of it, and reads one whole for its ranges.
ROWS_A_FILE = 250_000

Result = TypeVar("Result")


def _is_conflict(error: BaseException) -> bool:
    state = getattr(error, "getSqlState", lambda: None)()
    return state == CONFLICT or CONFLICT in str(error)


_retry_on_conflict: Callable[[Callable[..., Result]], Callable[..., Result]] = retry(
    retry=retry_if_exception(_is_conflict),
    stop=stop_after_attempt(6),
    wait=wait_random_exponential(multiplier=0.2, max=4),
    reraise=True,
)


def quoted(text: str) -> str:
    """A SQL string literal; for comments and paths of our own, never for values from outside."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def exists(spark: SparkSession, table: Table) -> bool:
    """Whether the table is in the catalogue."""
    return spark.catalog.tableExists(table.full_name)


def _column_list(table: Table) -> str:
    assert table.columns is not None, f"{table.full_name} is built by dbt"
    return ", ".join(
        f"`{name}` {kind} COMMENT {quoted(comment)}" for name, (kind, comment) in table.columns.items()
    )


def _properties(table: Table) -> str:
    properties = dict(PROPERTIES)
    if table.unindexed and table.columns is not None:
        indexed = [name for name in table.columns if name not in table.unindexed]
        properties["delta.dataSkippingStatsColumns"] = ",".join(indexed)
    return ", ".join(f"'{key}' = '{value}'" for key, value in properties.items())


def create(spark: SparkSession, table: Table) -> None:
    """Create the table with its comments, partitioning and properties unless it is there.

    What a server that was killed while it created the table left behind is cleared: it has no commit.
    """
    partitioned = f"PARTITIONED BY ({', '.join(table.partition_by)})" if table.partition_by else ""
    statement = (
        f"CREATE TABLE IF NOT EXISTS {table.full_name} ({_column_list(table)}) USING delta {partitioned} "
        f"COMMENT {quoted(table.comment)} TBLPROPERTIES ({_properties(table)})"
    )
    try:
        spark.sql(statement)
    except Exception as error:
        if NOT_EMPTY not in str(error) or not driver_delta.clear_unborn(spark, table):
            raise
        spark.sql(statement)


def _ensure(spark: SparkSession, table: Table) -> None:
    if not exists(spark, table):
        create(spark, table)


def read(spark: SparkSession, table: Table) -> DataFrame:
    """The table as it is now."""
    return spark.table(table.full_name)


def version(spark: SparkSession, table: Table) -> int:
    """The number of the table's newest commit."""
    return int(spark.sql(f"DESCRIBE HISTORY {table.full_name} LIMIT 1").first()["version"])  # type: ignore[index]


def _shaped(df: DataFrame, table: Table) -> DataFrame:
    """The table's columns in the table's order and types; a missing column is an error of the caller."""
    from pyspark.sql import functions as F

    if table.columns is None:
        return df
    return df.select([F.col(name).cast(kind).alias(name) for name, (kind, _) in table.columns.items()])


@_retry_on_conflict
def append(df: DataFrame, table: Table, *, count: int | None = None) -> None:
    """Add the rows in one commit. `count` is how many they are, when the caller knows."""
    rows = _prepared(df, table)
    path, fetched = _on_driver(rows, table, count)
    if path is not None and fetched is not None:
        driver_delta.append(fetched, path)
        return
    _writer(rows, "append").saveAsTable(table.full_name)


@_retry_on_conflict
def overwrite(df: DataFrame, table: Table, *, count: int | None = None) -> None:
    """Replace all rows in one commit; the schema stays the catalogue's."""
    rows = _prepared(df, table)
    path, fetched = _on_driver(rows, table, count)
    if path is not None and fetched is not None:
        driver_delta.replace(fetched, path, None)
        return
    _writer(rows, "overwrite").saveAsTable(table.full_name)


@_retry_on_conflict
def replace_where(df: DataFrame, table: Table, predicate: str, *, count: int | None = None) -> None:
    """Replace the rows that the predicate names, in one commit; no commit when there are none on both sides.

    A row outside the predicate is an error of the caller and commits nothing.
    """
    rows = _prepared(df, table)
    path, fetched = _on_driver(rows, table, count)
    if path is not None and fetched is not None:
        driver_delta.replace(fetched, path, predicate)
        return
    if rows.isEmpty() and read(df.sparkSession, table).where(predicate).isEmpty():
        return
    _writer(rows, "overwrite").option("replaceWhere", predicate).saveAsTable(table.full_name)


@_retry_on_conflict
def replace_rows(spark: SparkSession, rows: pa.Table, table: Table, predicate: str | None = None) -> None:
    """As `replace_where` for rows that are on the driver already, however many; all rows without a predicate.

    On a disk of this machine no Spark statement is needed once the table is there.
    """
    if driver_delta.folder(spark, table) is None:
        _ensure(spark, table)
    if path := driver_delta.folder(spark, table):
        driver_delta.replace(driver_delta.shaped(rows, path), path, predicate)
        return
    writer = _writer(_shaped(spark.createDataFrame(rows), table), "overwrite")
    if predicate is not None:
        writer = writer.option("replaceWhere", predicate)
    writer.saveAsTable(table.full_name)


@_retry_on_conflict
def delete_where(spark: SparkSession, table: Table, predicate: str) -> None:
    """Delete the rows that the predicate names; no commit when there are none."""
    if path := driver_delta.folder(spark, table):
        driver_delta.delete(path, predicate)
    elif not read(spark, table).where(predicate).isEmpty():
        spark.sql(f"DELETE FROM {table.full_name} WHERE {predicate}")


def _writer(rows: DataFrame, mode: str) -> DataFrameWriter:
    return rows.write.format("delta").mode(mode).option("maxRecordsPerFile", ROWS_A_FILE)


def _prepared(df: DataFrame, table: Table) -> DataFrame:
    _ensure(df.sparkSession, table)
    return _shaped(df, table)


def _on_driver(rows: DataFrame, table: Table, count: int | None) -> tuple[Path | None, pa.Table | None]:
    """Where to write without Spark and what, for few rows on a disk of this machine; else nothing."""
    path = driver_delta.folder(rows.sparkSession, table)
    return path, driver_delta.fetch(rows, count) if path is not None else None


def _differs(columns: Sequence[str], on: Sequence[str], types: dict[str, str]) -> str:
    # Maps cannot be compared; the row hash beside them can.
    compared = [name for name in columns if name not in on and not types[name].startswith("map")]
    return " OR ".join(f"(t.`{name}` IS DISTINCT FROM s.`{name}`)" for name in compared) or "false"


@_retry_on_conflict
def merge(
    df: DataFrame,
    table: Table,
    *,
    on: Sequence[str],
    update_when: str | None = None,
    target_condition: str | None = None,
    delete_missing: str | None = None,
    count: int | None = None,
) -> None:
    """Insert new rows and update rows that differ, matched null-safe on `on` (unique in `df`).

    `update_when` is SQL over `t` (table) and `s` (incoming); by default a row is written only when a column
    differs, so that a second run makes no commit. `target_condition` is a literal predicate over `t` that
    narrows what is read and lets merges of different partitions run side by side. `delete_missing` is SQL
    over `t`: rows it names that are not among the incoming ones are deleted. Predicates keep to standard SQL,
    each comparison in brackets: two engines read them.
    """
    rows = _prepared(df, table)
    condition = matched(on) + (f" AND ({target_condition})" if target_condition else "")
    update = update_when or _differs(rows.columns, on, dict(rows.dtypes))
    path, fetched = _on_driver(rows, table, count)
    if path is not None and fetched is not None:
        driver_delta.merge(fetched, path, condition, update, delete_missing)
        return
    missing = f" WHEN NOT MATCHED BY SOURCE AND {delete_missing} THEN DELETE" if delete_missing else ""
    clauses = f"WHEN MATCHED AND ({update}) THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *{missing}"
    _merge_with_spark(rows, table, condition, clauses)


def merge_rows(
    rows: pa.Table, table: Table, path: Path, *, on: Sequence[str], delete_missing: str | None = None
) -> None:
    """As `merge`, without Spark, for rows that are here and have the table's columns; the table exists."""
    types = {name: kind for name, (kind, _) in (table.columns or {}).items()}
    driver_delta.merge(rows, path, matched(on), _differs(rows.column_names, on, types), delete_missing)


def replace_all(spark: SparkSession, rows: pa.RecordBatchReader, table: Table, lake: Path) -> None:
    """Replace all rows in one commit by a stream of any length, without Spark on a disk of this machine."""
    path = lake / table.schema / table.name
    if not (path / "_delta_log").is_dir():
        create(spark, table)
    if (path / "_delta_log").is_dir():
        driver_delta.replace_all(rows, path)
    else:
        overwrite(spark.createDataFrame(rows.read_all()), table)


@_retry_on_conflict
def delete_keys(df: DataFrame, table: Table, *, on: Sequence[str], count: int | None = None) -> None:
    """Delete the rows whose `on` columns are among those of `df`. Values stand in data, not in SQL."""
    _ensure(df.sparkSession, table)
    keys = df.select(*on).distinct()
    path, fetched = _on_driver(keys, table, count)
    if path is not None and fetched is not None:
        driver_delta.merge(fetched, path, matched(on), None, None)
        return
    _merge_with_spark(keys, table, matched(on), "WHEN MATCHED THEN DELETE")


def matched(on: Sequence[str]) -> str:
    """SQL over `t` (table) and `s` (incoming): their rows agree in these columns, null-safe."""
    return " AND ".join(f"(t.`{name}` IS NOT DISTINCT FROM s.`{name}`)" for name in on)


def _merge_with_spark(rows: DataFrame, table: Table, condition: str, clauses: str) -> None:
    source = f"incoming_{uuid4().hex}"
    rows.createOrReplaceTempView(source)
    try:
        rows.sparkSession.sql(f"MERGE INTO {table.full_name} t USING {source} s ON {condition} {clauses}")
    finally:
        rows.sparkSession.catalog.dropTempView(source)
