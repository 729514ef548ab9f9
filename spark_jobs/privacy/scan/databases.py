"""Tables of SQLite and DuckDB files as pieces. Deleted rows are in the bytes, which are searched as well."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from spark_jobs.privacy.scan.pieces import Piece
from spark_jobs.privacy.scan.tables import by_column

_COMPANIONS = ("-wal", "-shm")


@contextmanager
def _copied(file: BinaryIO, path: Path | None) -> Iterator[Path]:
    """A private copy with its write-ahead log: opening a database may change it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        with copy.open("wb") as target:
            shutil.copyfileobj(file, target)
        for end in _COMPANIONS if path is not None else ():
            companion = path.with_name(path.name + end) if path is not None else copy
            if companion.is_file():
                shutil.copyfile(companion, copy.with_name(copy.name + end))
        yield copy


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def sqlite(file: BinaryIO, place: str, path: Path | None) -> Iterator[Piece]:
    """Every column of every table, rows of the write-ahead log included."""
    with _copied(file, path) as copy, closing(sqlite3.connect(copy)) as opened:
        opened.text_factory = bytes
        names = opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            table = name.decode("utf-8", "replace")
            rows = opened.execute(f"SELECT * FROM {_quoted(table)}")
            columns = [str(column[0]) for column in rows.description]
            yield from by_column(columns, rows, f"{place}table {table} ")


def duckdb(file: BinaryIO, place: str, path: Path | None) -> Iterator[Piece]:
    """Every column of every table; views hold no rows."""
    import duckdb as engine

    with _copied(file, None) as copy, engine.connect(copy, read_only=True) as opened:
        tables = opened.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        for schema, table in tables:
            rows = opened.execute(f"SELECT * FROM {_quoted(schema)}.{_quoted(table)}")
            columns = [str(column[0]) for column in rows.description]
            yield from by_column(columns, iter(rows.fetchone, None), f"{place}table {schema}.{table} ")
