"""Rows of Parquet, Avro and delimited text as pieces: the values of one column, each on a line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from spark_jobs.privacy.scan.pieces import Piece

ROWS_AT_ONCE = 50_000


def lines(values: pa.Array) -> bytes:
    """The values of a text or binary column, one a line; nulls left out."""
    texts = values.cast(pa.large_binary()).drop_null()
    if not len(texts):
        return b""
    whole = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts)
    return bytes(pc.binary_join(whole, pa.scalar(b"\n", pa.large_binary()))[0].as_py())


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def leaves(name: str, values: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """The columns without nesting within a column, by their dotted names."""
    kind = values.type
    if pa.types.is_struct(kind):
        for place, field in enumerate(kind):
            yield from leaves(f"{name}.{field.name}", values.field(place))
    elif pa.types.is_map(kind):
        yield from leaves(f"{name}.key", values.keys)
        yield from leaves(f"{name}.value", values.items)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from leaves(name, values.values)
    else:
        yield name, values


def _of_column(name: str, values: pa.Array, place: str) -> Iterator[Piece]:
    for leaf, part in leaves(name, values):
        if pa.types.is_dictionary(part.type):
            part = part.dictionary  # Also the values of it that no row uses any more.
        if pa.types.is_integer(part.type):
            part = pc.unique(part).cast(pa.string())
        if _is_text(part.type):
            yield Piece(f"{place}column {leaf}", lines(part), column=leaf.rsplit(".", 1)[-1])


def parquet(file: BinaryIO, place: str) -> Iterator[Piece]:
    """Every value of every column, the pages' dictionaries, the footer's metadata and statistics."""
    opened = pq.ParquetFile(file)
    schema = opened.schema_arrow
    texts = [field.name for field in schema if _is_text(field.type)]
    yield Piece(f"{place}footer", b"\n".join(_footer(opened)))
    with_dictionaries = pq.ParquetFile(file, read_dictionary=texts)
    for group in range(opened.num_row_groups):
        rows = with_dictionaries.read_row_group(group, use_threads=False)
        for name, column in zip(rows.column_names, rows.columns, strict=True):
            for chunk in column.chunks:
                yield from _of_column(name, chunk, place)


def _footer(opened: pq.ParquetFile) -> Iterator[bytes]:
    for key, value in (opened.metadata.metadata or {}).items():
        yield key + b"=" + value
    for group in range(opened.num_row_groups):
        for column in range(opened.metadata.num_columns):
            statistics = opened.metadata.row_group(group).column(column).statistics
            if statistics is not None and statistics.has_min_max:
                yield from (_as_bytes(end) for end in (statistics.min, statistics.max))


def _as_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def by_column(names: list[str], rows: Iterable[Iterable[Any]], place: str) -> Iterator[Piece]:
    """Rows of Python values, turned so that each column is a piece, a limited number of rows at a time."""
    rest = iter(rows)
    while block := list(islice(rest, ROWS_AT_ONCE)):
        columns: list[list[bytes]] = [[] for _ in names]
        for row in block:
            for column, value in zip(columns, row, strict=False):
                if value is not None:
                    column.append(_text(value))
        for name, values in zip(names, columns, strict=True):
            if values:
                yield Piece(f"{place}column {name}", b"\n".join(values), column=name)


def _text(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")
    return str(value).encode("utf-8", "surrogatepass")


def avro(file: BinaryIO, place: str) -> Iterator[Piece]:
    """Every value of every record."""
    from fastavro import reader

    records = reader(file)
    schema: Any = records.writer_schema
    names = [field["name"] for field in schema["fields"]]
    rows: Iterator[Any] = iter(records)
    yield from by_column(names, ([record[name] for name in names] for record in rows), place)


def delimited(file: BinaryIO, place: str, columns: frozenset[str]) -> Iterator[Piece]:
    """Some columns of comma separated text with a header, as far as it can be read as such."""
    text = io.TextIOWrapper(file, "utf-8", errors="replace", newline="")
    try:
        rows = csv.reader(text)
        header = next(rows, [])
        wanted = [(at, name) for at, name in enumerate(header) if name.casefold() in columns]
        if len(header) > 1 and wanted:
            last = max(at for at, _ in wanted)
            chosen = ([row[at] for at, _ in wanted] for row in _readable(rows) if len(row) > last)
            yield from by_column([name for _, name in wanted], chosen, place)
    finally:
        text.detach()


def _readable(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except csv.Error:
            continue
