"""Take people out of the landing files: their rows go, orders stay without who bought.

Every other line keeps its bytes, in its place. A file is written beside its place and moved there whole.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from alluvium.contracts.contract import Contract
from spark_jobs.privacy.people import Person
from spark_jobs.privacy.scan.forms import Identifier
from spark_jobs.privacy.scan.needles import Needles


@dataclass(frozen=True)
class Rewritten:
    """One landing file after an erasure."""

    file: Path
    source: str
    entity: str
    run_date: date
    rows_removed: int
    rows_emptied: int


def needles_of(people: Sequence[Person], contract: Contract) -> Needles:
    """The people's own identifiers, and the ids of their records in this source, be they shared or not."""
    fields: dict[str, set[str]] = {}
    for name, kind in contract.identifiers.items():
        path = contract.columns[name].path or name
        fields.setdefault(kind, set()).update((name, path.rsplit(".", 1)[-1]))
    wanted = {pair for person in people for pair in person.identifiers}
    if contract.record:
        kind = contract.identifiers[contract.record]
        ids = {i for person in people for source, i in person.sources if source == contract.source}
        wanted |= {(kind, each) for each in ids}
    found = [Identifier(kind, value, fields=tuple(sorted(fields.get(kind, ())))) for kind, value in wanted]
    return Needles(sorted(found, key=lambda each: (each.kind, each.value)))


def rewrite(path: Path, contract: Contract, needles: Needles) -> Rewritten | None:
    """Take out of one file whom `needles_of` found words for; None when they are not in it."""
    kind = contract.files.format
    change = {"csv": _text, "json": _text, "kafka": _text, "avro": _avro, "parquet": _parquet}[kind]
    content, removed, emptied = change(path, contract, needles)
    if not removed + emptied:
        return None
    draft = path.with_name(f"._{path.name}.erasing")
    draft.write_bytes(content)
    os.replace(draft, path)
    run_date = date.fromisoformat(path.parent.name.partition("=")[2])
    return Rewritten(path, contract.source, contract.entity, run_date, removed, emptied)


def _unpacked(path: Path) -> tuple[bytes, Any]:
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        return gzip.decompress(raw), lambda text: gzip.compress(text, mtime=0)
    if raw[:4] == b"\x28\xb5\x2f\xfd":
        import zstandard

        text = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
        return text, zstandard.ZstdCompressor().compress
    return raw, lambda text: text


def _text(path: Path, contract: Contract, needles: Needles) -> tuple[bytes, int, int]:
    """CSV and JSON lines: only lines with a hit are looked at one by one."""
    content, pack = _unpacked(path)
    is_csv = contract.files.format == "csv"
    rows = _logical_lines(content) if is_csv else content.splitlines(keepends=True)
    header = _cells(rows[0]) if is_csv and rows and contract.files.header else list(contract.columns)
    hit = _hit_rows(rows, needles)
    if is_csv:
        hit |= _short_in_csv(rows, header, needles)
    numbers = sorted(hit)
    documents = [_values(rows[number], header if is_csv else None) for number in numbers]
    stays = _stay([_named(document, contract, is_csv) for document in documents], contract)
    for number, document, is_kept in zip(numbers, documents, stays, strict=True):
        empty = (_empty_csv if is_csv else _empty_json)(document, contract, rows[number]) if is_kept else b""
        rows[number] = empty
    return (pack(b"".join(rows)) if hit else b""), len(stays) - sum(stays), sum(stays)


def _values(line: bytes, header: list[str] | None) -> dict[str, Any]:
    """The fields of a line; nothing of one that cannot be read, which then goes as a whole."""
    if header is not None:
        cells = _cells(line)
        return dict(zip(header, cells, strict=True)) if len(cells) == len(header) else {}
    try:
        document = json.loads(line)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _named(document: dict[str, Any], contract: Contract, is_csv: bool) -> dict[str, Any]:
    """The contract's columns of a line."""
    return {
        name: document.get(name) if is_csv else _at(document, column.path or name)
        for name, column in contract.columns.items()
    }


def _logical_lines(content: bytes) -> list[bytes]:
    """Lines of CSV with line ends; a quoted field may go over several."""
    rows: list[bytes] = []
    is_open = False
    for line in content.splitlines(keepends=True):
        if is_open:
            rows[-1] += line
        else:
            rows.append(line)
        is_open ^= line.count(b'"') % 2 == 1
    return rows


def _hit_rows(rows: Sequence[bytes], needles: Needles) -> set[int]:
    """Numbers of the rows in which something is found."""
    return _rows_at(rows, (hit.offset for hit in needles.find(b"".join(rows))))


def _rows_at(rows: Sequence[bytes], offsets: Iterable[int]) -> set[int]:
    ends = list(accumulate(map(len, rows)))
    return {bisect_right(ends, offset) for offset in offsets}


def _short_in_csv(rows: Sequence[bytes], header: list[str], needles: Needles) -> set[int]:
    """Rows with a short number, such as a card's, in a column of its name."""
    wanted = {at: {value for _, value in needles.short_in(name)} for at, name in enumerate(header)}
    values = set().union(*wanted.values()) if wanted else set()
    if not values:
        return set()
    some = b"|".join(map(re.escape, sorted(values)))
    cell = re.compile(rb'(?<=[,"\n])(?:' + some + rb')(?=[,"\r\n])')
    found = set()
    for number in _rows_at(rows, (match.start() for match in cell.finditer(b"".join(rows)))):
        cells = _cells(rows[number])
        if any(at < len(cells) and cells[at].strip().encode() in few for at, few in wanted.items()):
            found.add(number)
    return found


def _cells(line: bytes) -> list[str]:
    return next(csv.reader([line.decode("utf-8", "surrogateescape")]), [])


def _stay(rows: Sequence[dict[str, Any]], contract: Contract) -> list[bool]:
    """Which rows stay without their person; judged on the delivered texts."""
    if contract.keep_when_erased is None or not rows:
        return [False] * len(rows)
    import duckdb

    columns = {
        name: pa.array([None if row[name] is None else str(row[name]) for row in rows], pa.string())
        for name in contract.columns
    }
    with duckdb.connect() as opened:
        opened.register("delivered", pa.table(columns))
        found = opened.execute(f"SELECT {contract.keep_when_erased} FROM delivered").fetchall()
    return [bool(stays) for (stays,) in found]


def _empty_csv(values: dict[str, Any], contract: Contract, line: bytes) -> bytes:
    kept = [
        "" if name in contract.columns and contract.columns[name].is_raw_kept_apart else cell
        for name, cell in values.items()
    ]
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(kept)
    end = b"\r\n" if line.endswith(b"\r\n") else b"\n"
    return out.getvalue().encode("utf-8", "surrogateescape") + end


def _at(document: Any, path: str) -> Any:
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document


def _empty_json(document: dict[str, Any], contract: Contract, line: bytes) -> bytes:
    for name, column in contract.columns.items():
        if column.is_raw_kept_apart:
            *parents, leaf = (column.path or name).split(".")
            parent = _at(document, ".".join(parents)) if parents else document
            if isinstance(parent, dict):
                parent.pop(leaf, None)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _is_hit(record: dict[str, Any], needles: Needles) -> bool:
    text = json.dumps(record, default=str, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return next(needles.find(text), None) is not None


def _avro(path: Path, contract: Contract, needles: Needles) -> tuple[bytes, int, int]:
    from fastavro import reader, writer

    with path.open("rb") as file:
        read = reader(file)
        schema: Any = read.writer_schema
        codec, records = read.codec, [dict(record) for record in read if isinstance(record, dict)]
    kept = [record for record in records if not _is_hit(record, needles)]
    out = io.BytesIO()
    writer(out, schema, kept, codec=codec)
    return out.getvalue(), len(records) - len(kept), 0


def _parquet(path: Path, contract: Contract, needles: Needles) -> tuple[bytes, int, int]:
    opened = pq.ParquetFile(path)
    rows = opened.read()
    kept = [not _is_hit(row, needles) for row in rows.to_pylist()]
    if all(kept):
        return b"", 0, 0
    out = io.BytesIO()
    groups = opened.metadata.row_group(0)
    pq.write_table(rows.filter(pa.array(kept)), out, compression=groups.column(0).compression.lower())
    return out.getvalue(), len(kept) - sum(kept), 0


def files(landing: Path, contracts: Sequence[Contract]) -> Iterator[tuple[Path, Contract]]:
    """Every landing file of every contract, oldest run date first."""
    for contract in contracts:
        for path in sorted((landing / contract.source / contract.entity).glob("run_date=*/*")):
            if path.is_file() and path.name[0] not in "._":
                yield path, contract
