"""The few verbs on Delta tables, and the only place that knows about commits.

A job hands over a DataFrame and a table of the catalogue. Each verb makes at most one commit, creates the
table when it is missing, and tries again when another writer came first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

from alluvium.table import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CONFLICT = "2D521"  # SQLSTATE of every Delta commit conflict.
# Small tables live on the driver's disk; statistics on every column cost more than they save.
PROPERTIES = {"delta.enableDeletionVectors": "true"}

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
    """Create the table with its comments, partitioning and properties unless it is there."""
    partitioned = f"PARTITIONED BY ({', '.join(table.partition_by)})" if table.partition_by else ""
    spark.sql(
        f"CREATE TABLE IF NOT EXISTS {table.full_name} ({_column_list(table)}) USING delta {partitioned} "
        f"COMMENT {quoted(table.comment)} TBLPROPERTIES ({_properties(table)})"
    )


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
def append(df: DataFrame, table: Table) -> None:
    """Add the rows in one commit."""
    _ensure(df.sparkSession, table)
    _shaped(df, table).write.format("delta").mode("append").saveAsTable(table.full_name)


@_retry_on_conflict
def overwrite(df: DataFrame, table: Table) -> None:
    """Replace all rows in one commit; the schema stays the catalogue's."""
    _ensure(df.sparkSession, table)
    _shaped(df, table).write.format("delta").mode("overwrite").saveAsTable(table.full_name)


@_retry_on_conflict
def replace_where(df: DataFrame, table: Table, predicate: str) -> None:
    """Replace the rows that the predicate names, in one commit; no commit when there are none on both sides.

    A row outside the predicate is an error of the caller (DELTA_REPLACE_WHERE_MISMATCH) and commits nothing.
    """
    _ensure(df.sparkSession, table)
    rows = _shaped(df, table)
    if rows.isEmpty() and read(df.sparkSession, table).where(predicate).isEmpty():
        return
    writer = rows.write.format("delta").mode("overwrite").option("replaceWhere", predicate)
    writer.saveAsTable(table.full_name)


def _differs(table: Table, columns: Sequence[str], on: Sequence[str], types: dict[str, str]) -> str:
    def side(name: str, alias: str) -> str:
        # Maps cannot be compared.
        return f"to_json({alias}.`{name}`)" if types.get(name, "").startswith("map") else f"{alias}.`{name}`"

    pairs = [f"{side(c, 't')} <=> {side(c, 's')}" for c in columns if c not in on]
    return f"NOT ({' AND '.join(pairs)})" if pairs else "false"


@_retry_on_conflict
def merge(
    df: DataFrame,
    table: Table,
    *,
    on: Sequence[str],
    update_when: str | None = None,
    target_condition: str | None = None,
    delete_missing: str | None = None,
) -> None:
    """Insert new rows and update rows that differ, matched null-safe on `on` (unique in `df`).

    `update_when` is SQL over `t` (table) and `s` (incoming); by default a row is written only when a column
    differs, so that a second run makes no commit. `target_condition` is a literal predicate over `t` that
    narrows what is read and lets merges of different partitions run side by side. `delete_missing` is SQL
    over `t`: rows it names that are not among the incoming ones are deleted.
    """
    spark = df.sparkSession
    _ensure(spark, table)
    rows = _shaped(df, table)
    source = f"incoming_{uuid4().hex}"
    rows.createOrReplaceTempView(source)
    types = dict(rows.dtypes)
    condition = " AND ".join(
        [f"t.`{c}` <=> s.`{c}`" for c in on] + ([target_condition] if target_condition else [])
    )
    missing = f"WHEN NOT MATCHED BY SOURCE AND {delete_missing} THEN DELETE" if delete_missing else ""
    try:
        spark.sql(
            f"MERGE INTO {table.full_name} t USING {source} s ON {condition} "
            f"WHEN MATCHED AND {update_when or _differs(table, rows.columns, on, types)} THEN UPDATE SET * "
            f"WHEN NOT MATCHED THEN INSERT * {missing}"
        )
    finally:
        spark.catalog.dropTempView(source)


@_retry_on_conflict
def delete_keys(df: DataFrame, table: Table, *, on: Sequence[str]) -> None:
    """Delete the rows whose `on` columns are among those of `df`. Values stand in data, not in the statement."""
    spark = df.sparkSession
    source = f"incoming_{uuid4().hex}"
    df.select(*on).distinct().createOrReplaceTempView(source)
    condition = " AND ".join(f"t.`{c}` <=> s.`{c}`" for c in on)
    try:
        spark.sql(f"MERGE INTO {table.full_name} t USING {source} s ON {condition} WHEN MATCHED THEN DELETE")
    finally:
        spark.catalog.dropTempView(source)
