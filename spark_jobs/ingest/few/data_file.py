"""Some columns of one data file of a Delta table."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pyarrow.parquet import ParquetFile


def columns_of(file: Path, schema: pa.Schema) -> pa.Table:
    """The columns of the schema in its types; null where the file is older than a column.

    Spark writes times in a form of its own, which the library would take for nanoseconds.
    """
    with ParquetFile(file, coerce_int96_timestamp_unit="us") as opened:
        there = set(opened.schema_arrow.names)
        held = opened.read(columns=[name for name in schema.names if name in there])
    columns = [
        held[field.name].cast(field.type) if field.name in there else pa.nulls(held.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)
