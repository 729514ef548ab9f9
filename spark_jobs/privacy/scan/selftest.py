"""Proof that the scanner reads: identifiers are planted in each file type and each of them must be found.

Every file also holds decoys, values that differ from an identifier by a letter at its border; a decoy that is
found is an error too.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import zipfile
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import md5, sha1, sha256
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from spark_jobs.privacy.scan.forms import Identifier
from spark_jobs.privacy.scan.search import Scan, scan

PLANTED = 50
Write = Callable[[Path, Sequence[str]], object]


@dataclass(frozen=True)
class Result:
    """Of one file type: identifiers planted, those found, and decoys taken for an identifier."""

    kind: str
    planted: int
    found: int
    decoys_found: int

    @property
    def is_passed(self) -> bool:
        """Whether all were found and nothing else."""
        return self.found == self.planted and not self.decoys_found


def _value(number: int) -> tuple[str, str]:
    """Kind and value of the identifier with that number: addresses, telephone and customer numbers."""
    kinds = (
        ("email", f"Zoë.Quill{number:03d}@Mail.example.org"),
        ("email", f"planted.{number:03d}+x@mail.example.org"),
        ("phone", f"+1 312 555 {number:04d}"),
        ("crm_contact_id", f"C-77{number:05d}"),
        ("anonymous_id", f"{number:016x}-5eed{number:04x}"),
    )
    return kinds[number % len(kinds)]


_WAYS: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: text.upper(),
    lambda text: b64encode(text.encode()).decode(),
    lambda text: b64encode(b"<" + text.encode() + b"> ").decode(),
    lambda text: text.encode().hex(),
    lambda text: quote(text, safe=""),
    lambda text: md5(text.encode(), usedforsecurity=False).hexdigest(),
    lambda text: sha1(text.lower().encode(), usedforsecurity=False).hexdigest().upper(),
    lambda text: sha256(text.lower().encode()).hexdigest(),
    lambda text: json.dumps(text)[1:-1],
)


def planted_values() -> tuple[list[Identifier], list[str]]:
    """The identifiers, and one text for each that holds it in one of the forms."""
    identifiers = [Identifier(*_value(number), subject=str(number)) for number in range(PLANTED)]
    texts = [
        _WAYS[(n + n // len(_WAYS)) % len(_WAYS)](identifier.value)
        for n, identifier in enumerate(identifiers)
    ]
    return identifiers, texts


def decoys() -> tuple[list[Identifier], list[str]]:
    """Identifiers that are nowhere, and texts that only contain them within a longer word."""
    identifiers = [Identifier(*_value(number), subject=str(number)) for number in range(500, 510)]
    return identifiers, [
        f"q7{each.value}" if each.kind != "phone" else f"9{each.value[1:]}0" for each in identifiers
    ]


def _table(values: Sequence[str]) -> pa.Table:
    return pa.table({"number": pa.array(range(len(values)), pa.int64()), "note": pa.array(values)})


def _json_lines(values: Sequence[str]) -> bytes:
    return b"".join(json.dumps({"n": n, "note": value}).encode() + b"\n" for n, value in enumerate(values))


def _parquet(path: Path, values: Sequence[str]) -> None:
    pq.write_table(_table(values), path, compression="zstd")


def _parquet_plain(path: Path, values: Sequence[str]) -> None:
    nested = pa.array([{"tags": [value], "more": {"deep": value}} for value in values])
    pq.write_table(
        pa.table({"nested": nested}), path, compression="snappy", use_dictionary=False, data_page_size=512
    )


def _parquet_dictionary(path: Path, values: Sequence[str]) -> None:
    """Values that stand in the dictionary alone: no row points at them any more."""
    column = pa.DictionaryArray.from_arrays(pa.array([0, 0], pa.int32()), pa.array(["a", *values]))
    pq.write_table(pa.table({"note": column}), path, compression="gzip")


def _parquet_footer(path: Path, values: Sequence[str]) -> None:
    noted = {f"note {n}": value for n, value in enumerate(values)}
    pq.write_table(_table([]).replace_schema_metadata(noted), path)


def _avro(path: Path, values: Sequence[str]) -> None:
    from fastavro import parse_schema, writer

    fields = [{"name": "note", "type": "string"}]
    schema = parse_schema({"type": "record", "name": "row", "fields": fields})
    with path.open("wb") as file:
        writer(file, schema, [{"note": value} for value in values], codec="deflate")


def _sqlite(path: Path, values: Sequence[str]) -> None:
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("CREATE TABLE notes (number INTEGER, note TEXT)")
        opened.executemany("INSERT INTO notes VALUES (?, ?)", enumerate(values))
        opened.commit()


def _sqlite_deleted(path: Path, values: Sequence[str]) -> None:
    _sqlite(path, values)
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("PRAGMA secure_delete = OFF")
        opened.execute("DROP TABLE notes")
        opened.commit()


def _duckdb(path: Path, values: Sequence[str]) -> None:
    import duckdb

    with duckdb.connect(path) as opened:
        opened.execute("CREATE TABLE notes (note VARCHAR)")
        opened.executemany("INSERT INTO notes VALUES (?)", [[value] for value in values])


def _zip(path: Path, values: Sequence[str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner/notes.json", _json_lines(values))


def _zstd(path: Path, values: Sequence[str]) -> None:
    import zstandard

    path.write_bytes(zstandard.ZstdCompressor().compress(_json_lines(values)))


def _truncated_gzip(path: Path, values: Sequence[str]) -> None:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        file.write(_json_lines(values) + b" " * 2**20)
    path.write_bytes(packed.getvalue()[:-200])


def _delta_log(path: Path, values: Sequence[str]) -> None:
    statistics = ({"numRecords": 1, "minValues": {"note": value}} for value in values)
    actions = ({"add": {"path": f"{n}.parquet", "stats": json.dumps(s)}} for n, s in enumerate(statistics))
    path.write_text("\n".join(json.dumps(action) for action in actions))


def _html(path: Path, values: Sequence[str]) -> None:
    paragraphs = "".join(f"<p>{value.replace('@', '&#x40;')}</p>" for value in values)
    path.write_text(f"<!doctype html><html><body>{paragraphs}</body></html>", encoding="utf-8")


def _text(joint: str) -> Write:
    def write(path: Path, values: Sequence[str]) -> None:
        path.write_text(joint.join(values), encoding="utf-8")

    return write


WRITERS: dict[str, Write] = {
    "parquet": _parquet,
    "parquet, nested without dictionary": _parquet_plain,
    "parquet, dictionary only": _parquet_dictionary,
    "parquet, footer": _parquet_footer,
    "delta log": _delta_log,
    "checksum": lambda path, values: path.write_bytes(b"crc\0" + b"\0".join(v.encode() for v in values)),
    "json": lambda path, values: path.write_bytes(_json_lines(values)),
    "json.gz": lambda path, values: path.write_bytes(gzip.compress(_json_lines(values))),
    "truncated gzip": _truncated_gzip,
    "zstd": _zstd,
    "bz2": lambda path, values: path.write_bytes(bz2.compress(_json_lines(values))),
    "xz": lambda path, values: path.write_bytes(lzma.compress(_json_lines(values))),
    "zip": _zip,
    "avro": _avro,
    "sqlite": _sqlite,
    "sqlite, deleted rows": _sqlite_deleted,
    "duckdb": _duckdb,
    "csv": lambda path, values: path.write_text(
        "number,note\n" + "".join(f'{n},"{v}"\n' for n, v in enumerate(values)), encoding="utf-8"
    ),
    "log": _text("\n2017-11-02 10:00 INFO note="),
    "html": _html,
    "utf-16": lambda path, values: path.write_text("\n".join(values), encoding="utf-16"),
    "pickle": lambda path, values: path.write_bytes(pickle.dumps(list(values))),
}
# Between bytes there are no borders to see: there a decoy cannot be told from the value.
_WITHOUT_BORDERS = {"sqlite", "sqlite, deleted rows", "checksum", "pickle", "duckdb"}


def run(folder: Path) -> list[Result]:
    """Plant in `folder`, scan it, and count by file type."""
    (identifiers, texts), (absent, near) = planted_values(), decoys()
    for kind, write in WRITERS.items():
        values = texts if kind in _WITHOUT_BORDERS else [*texts, *near]
        write(folder / _name(kind), values)
    found = scan(folder, [*identifiers, *absent])
    return [_result(kind, found, {each.subject for each in absent}) for kind in WRITERS]


def _name(kind: str) -> str:
    return kind.replace(", ", "-").replace(" ", "_")


def _result(kind: str, found: Scan, absent: set[str]) -> Result:
    subjects = {finding.subject for finding in found.findings if finding.file == _name(kind)}
    return Result(kind, PLANTED, len(subjects - absent), len(subjects & absent))
