"""The columns of a landed file as its first rows show them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from alluvium.contracts.contract import Contract
from spark_jobs.ingest.csv_rows import csv_rows, fields_of
from spark_jobs.ingest.exploding import exploded
from spark_jobs.ingest.json_rows import avro_records, parquet_records, record_rows
from spark_jobs.ingest.recipe import recipe_of
from spark_jobs.ingest.rows import RawRows, text_rows

ROWS = 500


@dataclass(frozen=True)
class Shape:
    """Names as written, and the texts of sampled rows by path.

    `is_sample`: the names are those of the rows looked at, and others may follow.
    """

    names: tuple[str, ...] = ()
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_sample: bool = False
    has_order: bool = False


def shape_of(path: Path, contract: Contract) -> Shape:
    """What the first rows show; nothing of an unreadable file, which is quarantined where it is read."""
    try:
        return _LOOK[contract.files.format](path, contract)
    except Exception:  # noqa: BLE001 - parsers of foreign bytes raise anything
        return Shape()


def _first(blocks: Iterable[RawRows]) -> RawRows:
    return next(
        (rows for rows in blocks if rows.problem is None and (rows.texts or rows.header)), RawRows([], [])
    )


def _csv(path: Path, contract: Contract) -> Shape:
    if not contract.files.header:
        return Shape()
    mark = contract.files.delimiter
    first = _first(csv_rows(path, recipe_of(contract, Path())))
    names = tuple(name.strip() for name in fields_of(first.header or "", mark) or [])
    rows = [fields_of(text, mark) for text in first.texts[:ROWS]]
    whole = [row for row in rows if row is not None and len(row) == len(names)]
    places = {name.casefold(): place for place, name in enumerate(names)}
    wanted = [column.path or name for name, column in contract.columns.items()]
    values = {
        name: [row[places[name.casefold()]] for row in whole] for name in wanted if name.casefold() in places
    }
    return Shape(names, values, has_order=True)


def _json(path: Path, contract: Contract) -> Shape:
    blocks: Iterable[RawRows] = text_rows(path)
    first = _first(blocks)
    if contract.files.explode:
        few = RawRows(first.numbers[:ROWS], first.texts[:ROWS])
        first = _first(exploded([few], contract.files.explode))
    return _of_objects((_read(text) for text in first.texts[:ROWS]), contract, is_sample=True)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _of_objects(rows: Iterable[Any], contract: Contract, is_sample: bool) -> Shape:
    objects = [row for row in rows if isinstance(row, dict)]
    names = tuple(dict.fromkeys(name for row in objects for name in row))
    paths = [column.path or name for name, column in contract.columns.items()]
    values = {path: [text for row in objects if (text := _at(row, path)) is not None] for path in paths}
    return Shape(names, values, is_sample)


def _at(row: Any, path: str) -> str | None:
    for part in path.split("."):
        row = row.get(part) if isinstance(row, dict) else None
    if row is None or isinstance(row, str):
        return row
    return json.dumps(row)


def _records(read: Any) -> Any:
    def look(path: Path, contract: Contract) -> Shape:
        texts = _first(record_rows(islice(read(path), ROWS))).texts
        shape = _of_objects((_read(text) for text in texts), contract, is_sample=False)
        return Shape(shape.names, shape.values, has_order=True)

    return look


_LOOK = {
    "csv": _csv,
    "json": _json,
    "kafka": _json,
    "avro": _records(avro_records),
    "parquet": _records(parquet_records),
}
