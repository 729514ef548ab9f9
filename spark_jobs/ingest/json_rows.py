"""JSON rows: lines of a file, or the records of Avro and Parquet files written as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa

from spark_jobs.ingest import reasons
from spark_jobs.ingest.recipe import Recipe
from spark_jobs.ingest.rows import RawRows

RECORDS_IN_A_BLOCK = 20_000


def avro_records(path: Path) -> Iterator[Any]:
    """The records of an Avro file."""
    import fastavro

    with path.open("rb") as stream:
        yield from fastavro.reader(stream)


def parquet_records(path: Path) -> Iterator[Any]:
    """The rows of a Parquet file."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=RECORDS_IN_A_BLOCK):
            yield from batch.to_pylist()


def _plain(value: object) -> object:
    """What JSON has no word for, as text: times in ISO 8601, decimals in full, bytes in hexadecimal."""
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal | UUID):
        return str(value)
    raise TypeError(type(value).__name__)


def record_rows(records: Iterable[Any]) -> Iterator[RawRows]:
    """Records as JSON texts, in blocks."""
    write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain).encode
    numbered = iter(enumerate(records, start=1))
    while block := list(islice(numbered, RECORDS_IN_A_BLOCK)):
        yield RawRows([number for number, _ in block], [write(record) for _, record in block])


@lru_cache(maxsize=4)
def _engine() -> Any:
    """DuckDB reads JSON four times faster than Python; one thread, because Spark runs a worker per core."""
    import duckdb

    return duckdb.connect(":memory:", config={"threads": 1})


def _query(recipe: Recipe) -> str:
    dotted = [".".join(f'"{part}"' for part in path.split(".")) for _, path in recipe.paths]
    paths = ", ".join("'$." + path.replace("'", "''") + "'" for path in dotted)
    columns = ", ".join(f"fields[{place}] AS c{place}" for place in range(1, len(dotted) + 1))
    return f"""
        WITH parsed AS (
            SELECT raw, json_valid(raw) AND coalesce(try(json_type(raw)), '') = 'OBJECT' AS is_object
            FROM delivered
        ),
        extracted AS (
            SELECT
                is_object,
                CASE WHEN is_object THEN len(json_keys(raw)) > list_unique(json_keys(raw)) END AS is_repeated,
                CASE WHEN is_object THEN json_extract_string(raw, [{paths}]) END AS fields
            FROM parsed
        )
        SELECT is_object, coalesce(is_repeated, false) AS is_repeated, {columns} FROM extracted
    """


def json_columns(rows: RawRows, recipe: Recipe) -> tuple[RawRows, list[pa.Array], list[RawRows]]:
    """The rows that are JSON objects, the recipe's columns of them as text, and the rows that are not."""
    delivered = pa.table({"raw": pa.array(rows.texts, pa.string())})
    found = _engine().from_arrow(delivered).query("delivered", _query(recipe)).to_arrow_table()
    is_object = np.asarray(found["is_object"])
    is_repeated = np.asarray(found["is_repeated"])
    good = is_object & ~is_repeated
    columns = [
        column.combine_chunks().cast(pa.string()).filter(pa.array(good)) for column in found.columns[2:]
    ]
    malformed = rows.with_problem(~is_object, reasons.MALFORMED_ROW)
    repeated = rows.with_problem(is_repeated, reasons.REPEATED_FIELD)
    return rows.where(good), columns, [malformed, repeated]
