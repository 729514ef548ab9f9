"""Read and shape tables in this process, for few rows on a local disk: 50 ms each, no Spark statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from alluvium.lake import driver_delta
from alluvium.table import Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_TYPES = {
    "string": pa.string(),
    "date": pa.date32(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "decimal(12,2)": pa.decimal128(12, 2),
    "array<string>": pa.list_(pa.string()),
}


def folders(spark: SparkSession, tables: Iterable[Table]) -> list[Path] | None:
    """Where the tables lie, or None when one of them does not lie on a disk of this machine."""
    found = [driver_delta.folder(spark, table) for table in tables]
    return None if None in found else [folder for folder in found if folder]


def query(sql: str, versions: Mapping[str, int] | None = None, **folders: Path) -> pa.Table:
    """Ask Delta tables, each under the name of its folder's argument, at given versions or the newest."""
    asked = QueryBuilder()
    for name, folder in folders.items():
        asked.register(name, DeltaTable(str(folder), version=(versions or {}).get(name)))
    found = driver_delta.as_arrow(asked.execute(sql))
    # The engine's views of strings are a type that few kernels of Arrow take.
    kinds = [pa.string() if field.type == pa.string_view() else field.type for field in found.schema]
    return found.cast(pa.schema(list(zip(found.column_names, kinds, strict=True))))


def types(folder: Path) -> dict[str, str]:
    """The table's columns and what Delta calls their types."""
    fields = DeltaTable(str(folder)).schema().fields
    return {field.name: str(getattr(field.type, "type", field.type)) for field in fields}


def version(folder: Path) -> int:
    """The number of the table's newest commit."""
    return DeltaTable(str(folder), without_files=True).version()


def shaped(values: Mapping[str, Any], count_rows: int, table: Table) -> pa.Table:
    """The table's columns in its types; a plain value stands in every row."""
    assert table.columns is not None
    kinds = {name: _TYPES[kind] for name, (kind, _) in table.columns.items()}
    return pa.table({name: _column(values[name], count_rows, kind) for name, kind in kinds.items()})


def _column(value: Any, count_rows: int, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if isinstance(value, pa.Array | pa.ChunkedArray):
        return value.cast(kind)
    return pa.repeat(pa.scalar(value, kind), count_rows)
