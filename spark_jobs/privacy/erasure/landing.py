"""Take people out of the landing files: their rows go, orders stay without who bought.

Every other line keeps its bytes, in its place. A file is written beside its place and moved there whole.
"""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from alluvium.contracts.contract import Contract
from spark_jobs.privacy.erasure import landing_text
from spark_jobs.privacy.erasure.landing_text import Changed
from spark_jobs.privacy.erasure.words import Words


@dataclass(frozen=True)
class Rewritten:
    """One landing file after an erasure."""

    file: Path
    source: str
    entity: str
    run_date: date
    rows_removed: int
    rows_emptied: int


def rewrite(path: Path, contract: Contract, words: Words) -> Rewritten | None:
    """Take out of one file whom `words` name; None when they are not in it."""
    kind = contract.files.format
    change = {"avro": _avro, "parquet": _parquet}.get(kind, _text)
    changed = change(path, contract, words)
    if not changed.removed + changed.emptied:
        return None
    draft = path.with_name(f"._{path.name}.erasing")
    draft.write_bytes(changed.content)
    os.replace(draft, path)
    run_date = date.fromisoformat(path.parent.name.partition("=")[2])
    return Rewritten(path, contract.source, contract.entity, run_date, changed.removed, changed.emptied)


def _text(path: Path, contract: Contract, words: Words) -> Changed:
    content, pack = _unpacked(path)
    change = landing_text.csv_without if contract.files.format == "csv" else landing_text.json_without
    changed = change(content, contract, words)
    is_touched = changed.removed + changed.emptied > 0
    return Changed(pack(changed.content) if is_touched else b"", changed.removed, changed.emptied)


def _unpacked(path: Path) -> tuple[bytes, Callable[[bytes], bytes]]:
    """The text of a file, and how to pack one as it was packed."""
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        return gzip.decompress(raw), lambda text: gzip.compress(text, compresslevel=6, mtime=0)
    if raw[:4] == b"\x28\xb5\x2f\xfd":
        import zstandard

        text = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
        return text, zstandard.ZstdCompressor().compress
    return raw, lambda text: text


def _is_hit(record: dict[str, Any], words: Words) -> bool:
    text = json.dumps(record, default=str, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return words.are_in(text)


def _avro(path: Path, contract: Contract, words: Words) -> Changed:
    from fastavro import reader, writer

    with path.open("rb") as file:
        read = reader(file)
        schema: Any = read.writer_schema
        codec, records = read.codec, [dict(record) for record in read if isinstance(record, dict)]
    kept = [record for record in records if not _is_hit(record, words)]
    if len(kept) == len(records):
        return Changed(b"", 0, 0)
    out = io.BytesIO()
    writer(out, schema, kept, codec=codec)
    return Changed(out.getvalue(), len(records) - len(kept), 0)


def _parquet(path: Path, contract: Contract, words: Words) -> Changed:
    opened = pq.ParquetFile(path)
    rows = opened.read()
    kept = [not _is_hit(row, words) for row in rows.to_pylist()]
    if all(kept):
        return Changed(b"", 0, 0)
    out = io.BytesIO()
    groups = opened.metadata.row_group(0)
    pq.write_table(rows.filter(pa.array(kept)), out, compression=groups.column(0).compression.lower())
    return Changed(out.getvalue(), len(kept) - sum(kept), 0)


def files(landing: Path, contracts: Sequence[Contract]) -> Iterator[tuple[Path, Contract]]:
    """Every landing file of every contract, oldest run date first."""
    for contract in contracts:
        for path in sorted((landing / contract.source / contract.entity).glob("run_date=*/*")):
            if path.is_file() and path.name[0] not in "._":
                yield path, contract
