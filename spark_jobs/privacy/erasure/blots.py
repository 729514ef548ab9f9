"""Blot values out of text, of packed text, and of the cells of SQLite and DuckDB files."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from spark_jobs.privacy.scan.needles import Needles

BLOT = b"<erased>"


def replace(path: Path, content: bytes) -> None:
    """Put a file's new content in its place, whole, under the same mode."""
    draft = path.with_name(f".{path.name}.erasing")
    draft.write_bytes(content)
    draft.chmod(path.stat().st_mode & 0o777)
    os.replace(draft, path)


def blotted(content: bytes, needles: Needles, blot: bytes = BLOT) -> tuple[bytes, int]:
    """The text with each value replaced, and how many there were."""
    spans = _apart(sorted({(hit.offset, hit.end) for hit in needles.find(content)}))
    for start, end in reversed(spans):
        content = content[:start] + blot + content[end:]
    return content, len(spans)


def _apart(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted spans with those that touch made one."""
    apart: list[tuple[int, int]] = []
    for start, end in spans:
        if apart and start <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart


def text(path: Path, needles: Needles) -> int:
    """Blot a text file; how many values went."""
    content, count = blotted(path.read_bytes(), needles)
    if count:
        replace(path, content)
    return count


def packed_text(path: Path, needles: Needles) -> int:
    """Blot a text that was packed with gzip, such as a log of yesterday."""
    content, count = blotted(gzip.decompress(path.read_bytes()), needles)
    if count:
        replace(path, gzip.compress(content, mtime=0))
    return count


def parquet(path: Path, needles: Needles) -> int:
    """Write a Parquet file without the rows in which something is found; how many they were."""
    rows = pq.read_table(path)
    texts = (json.dumps(row, default=str, ensure_ascii=False).encode() for row in rows.to_pylist())
    kept = [next(needles.find(each), None) is None for each in texts]
    if all(kept):
        return 0
    draft = path.with_name(f".{path.name}.erasing")
    pq.write_table(rows.filter(pa.array(kept)), draft)
    os.replace(draft, path)
    return len(kept) - sum(kept)


def sqlite(path: Path, needles: Needles) -> int:
    """Blot the cells of a SQLite file and write it anew, so that no free page keeps what was there."""
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute("PRAGMA secure_delete = ON")
        tables = [
            _quoted(name)
            for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            if not name.startswith("sqlite_")
        ]
        count = sum(_blot_table(opened.execute, table, needles) for table in tables)
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        opened.execute("VACUUM")
    return count


def duckdb(path: Path, needles: Needles) -> int:
    """Blot the cells of a DuckDB file and copy it: replaced blocks stay in the file they were in."""
    import duckdb as engine

    draft = path.with_name(f".{path.name}.erasing")
    draft.unlink(missing_ok=True)
    with engine.connect(path) as opened:
        names = opened.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        tables = [f"{_quoted(schema)}.{_quoted(name)}" for schema, name in names]
        count = sum(_blot_table(opened.execute, table, needles) for table in tables)
        opened.execute("CHECKPOINT")
        own = opened.execute("SELECT current_database()").fetchall()[0][0]
        opened.execute(f"ATTACH '{str(draft).replace(chr(39), chr(39) * 2)}' AS erasing_copy")
        opened.execute(f"COPY FROM DATABASE {_quoted(own)} TO erasing_copy")
        opened.execute("DETACH erasing_copy")
    draft.chmod(path.stat().st_mode & 0o777)
    os.replace(draft, path)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    return count


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _blot_table(execute: Callable[..., Any], table: str, needles: Needles) -> int:
    """Replace the cells of one table, row by row of those with a hit."""
    asked = execute(f"SELECT rowid, * FROM {table}")
    columns = [_quoted(column[0]) for column in asked.description][1:]
    count = 0
    for rowid, *cells in asked.fetchall():
        for column, cell in zip(columns, cells, strict=True):
            if not isinstance(cell, str | bytes):
                continue
            raw = cell if isinstance(cell, bytes) else cell.encode("utf-8", "surrogatepass")
            # With the row's number: a column may have to be unique.
            clean, hits = blotted(raw, needles, b"<erased %d>" % rowid)
            if hits:
                value = clean if isinstance(cell, bytes) else clean.decode("utf-8", "surrogatepass")
                execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", [value, rowid])
                count += hits
    return count
