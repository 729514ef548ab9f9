"""The `ops` ledgers, written without Spark so that a failure can be noted when Spark is what failed.

Only this module writes them, always through one library: two kinds of writers on one table lose commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder, Schema, write_deltalake
from deltalake.exceptions import CommitFailedError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from alluvium.settings import Settings, get_settings
from alluvium.table import Table

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TYPES = {
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
}

_retry_on_conflict = retry(
    retry=retry_if_exception_type(CommitFailedError),
    stop=stop_after_attempt(8),
    wait=wait_random_exponential(multiplier=0.05, max=2),
    reraise=True,
)


def _schema(table: Table) -> pa.Schema:
    assert table.columns is not None
    return pa.schema(
        [
            pa.field(name, _TYPES[kind], metadata={"comment": comment})
            for name, (kind, comment) in table.columns.items()
        ]
    )


def _path(table: Table, settings: Settings | None) -> str:
    return str((settings or get_settings()).lake / table.schema / table.name)


def _arrow(table: Table, rows: Sequence[Mapping[str, Any]], is_new: bool) -> pa.Table:
    schema = _schema(table)
    if not is_new:  # A table that an earlier release made has other comments, and would refuse these.
        schema = pa.schema([field.remove_metadata() for field in schema])
    return pa.Table.from_pylist([dict(row) for row in rows], schema=schema)


def create(table: Table, settings: Settings | None = None) -> str:
    """Make the empty table unless it is there; returns its folder."""
    path = _path(table, settings)
    if not DeltaTable.is_deltatable(path):
        DeltaTable.create(path, schema=_schema(table), mode="ignore", description=table.comment)
    return path


@_retry_on_conflict
def append(table: Table, rows: Sequence[Mapping[str, Any]], settings: Settings | None = None) -> None:
    """Add rows in one commit; none for no rows. Missing fields become null."""
    if rows:
        path = _path(table, settings)
        is_new = not _add_missing_columns(path, table)
        write_deltalake(path, _arrow(table, rows, is_new), mode="append")


@_retry_on_conflict
def replace(
    table: Table, rows: Sequence[Mapping[str, Any]], predicate: str, settings: Settings | None = None
) -> None:
    """Replace the rows that the predicate names (SQL over the table's columns) in one commit."""
    path = _path(table, settings)
    if not _add_missing_columns(path, table):
        append(table, rows, settings)
        return
    write_deltalake(path, _arrow(table, rows, is_new=False), mode="overwrite", predicate=predicate)


def _add_missing_columns(path: str, table: Table) -> bool:
    """A ledger of an earlier release lacks the columns that came since. Whether the ledger is there."""
    if not DeltaTable.is_deltatable(path):
        return False
    held = DeltaTable(path, without_files=True)
    known = {field.name for field in held.schema().fields}
    missing = [field for field in Schema.from_arrow(_schema(table)).fields if field.name not in known]
    if missing:
        held.alter.add_columns(missing)
    return True


@_retry_on_conflict
def compact(table: Table, many_files: int, settings: Settings | None = None) -> bool:
    """Put a ledger of `many_files` files or more together; whether there was need. No row changes."""
    path = _path(table, settings)
    if not DeltaTable.is_deltatable(path):
        return False
    held = DeltaTable(path)
    is_scattered = len(held.file_uris()) >= many_files
    if is_scattered:
        held.optimize.compact()
    return is_scattered


def vacuum(table: Table, keep_days: int, settings: Settings | None = None) -> bool:
    """Remove the files that were replaced more than `keep_days` ago; whether there were any."""
    path = _path(table, settings)
    if not DeltaTable.is_deltatable(path):
        return False
    return bool(DeltaTable(path).vacuum(retention_hours=24 * keep_days, dry_run=False))


def read(table: Table, settings: Settings | None = None) -> pa.Table:
    """All rows, in no order; an empty table with the right columns before the first write."""
    path = _path(table, settings)
    if not DeltaTable.is_deltatable(path):
        return _schema(table).empty_table()
    # Not through Arrow's datasets: they load pandas, a second and more before a question is answered.
    held = QueryBuilder().register("held", DeltaTable(path)).execute("SELECT * FROM held")
    found = pa.RecordBatchReader.from_stream(held).read_all()
    fields = [field for field in _schema(table) if field.name in found.column_names]
    return found.select([field.name for field in fields]).cast(pa.schema(fields))


def rows(table: Table, settings: Settings | None = None) -> list[dict[str, Any]]:
    """As `read`, as Python values; times in UTC."""
    found = read(table, settings)
    columns = [_values(found[name]) for name in found.column_names]
    return [dict(zip(found.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def _values(column: pa.ChunkedArray) -> list[Any]:
    if not pa.types.is_timestamp(column.type):
        return list(column.to_pylist())
    # Arrow would load pandas to make a time of a time: 0.4 s.
    counts = column.cast(pa.int64()).to_pylist()
    return [None if count is None else EPOCH + timedelta(microseconds=count) for count in counts]


def versions(settings: Settings | None = None) -> dict[str, int]:
    """The newest version of every Delta table in the lake, by full name."""
    lake = (settings or get_settings()).lake
    found = sorted(log.parent for log in lake.glob("*/*/_delta_log"))
    return {
        f"{path.parent.name}.{path.name}": DeltaTable(str(path), without_files=True).version()
        for path in found
    }
