"""The files of one delivery: written beside their place, moved there whole, the same bytes each time.

CSV is RFC 4180: UTF-8, every field quoted, lines end in CR LF. The folder holds personal data: nobody else
may read it.
"""

from __future__ import annotations

import csv
import filecmp
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import polars as pl

from spark_jobs.publish.plan import Platform

MANIFEST = "manifest.json"
AUDIENCE, REMOVALS, REJECTS = "audience", "removals", "rejects.csv"
REJECT_COLUMNS = ("customer_id", "field", "reason")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class CsvFile:
    """A CSV file that appears with its first row."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self.path, self.header, self.rows = path, list(header), 0
        self._handle: BinaryIO | None = None

    def write(self, rows: pl.DataFrame) -> None:
        """Add rows of texts, none of them null, with the columns of the header."""
        if rows.is_empty():
            return
        is_first = self._handle is None
        if self._handle is None:
            self._handle = open(self.path, "wb", opener=_private)  # noqa: SIM115
        rows.select(self.header).write_csv(
            self._handle, include_header=is_first, quote_style="always", line_terminator="\r\n"
        )
        self.rows += rows.height

    def read(self) -> Iterator[list[str]]:
        """The rows again, without the header."""
        if not self.rows:
            return
        with self.path.open(encoding="utf-8", newline="") as handle:
            rows = csv.reader(handle)
            next(rows)
            yield from rows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Flush to the disk."""
        if self._handle is not None:
            self._handle.close()


class ChunkedCsv:
    """`<name>_0001.csv`, `<name>_0002.csv`, ...: at most `chunk_rows` rows in each."""

    def __init__(self, folder: Path, header: Sequence[str], chunk_rows: int, name: str = AUDIENCE) -> None:
        self._folder, self._header, self._chunk_rows, self._name = folder, header, chunk_rows, name
        self._files: list[CsvFile] = []

    def write(self, rows: pl.DataFrame) -> None:
        """Add rows to the last chunk and to new ones."""
        while not rows.is_empty():
            if not self._files or self._files[-1].rows == self._chunk_rows:
                self.close()
                path = self._folder / f"{self._name}_{len(self._files) + 1:04}.csv"
                self._files.append(CsvFile(path, self._header))
            room = self._chunk_rows - self._files[-1].rows
            self._files[-1].write(rows.head(room))
            rows = rows.slice(room)

    def close(self) -> None:
        """Flush the last chunk."""
        if self._files:
            self._files[-1].close()

    def discard(self) -> None:
        """Delete what was written: the audience is held."""
        for file in self._files:
            file.path.unlink()
        self._files.clear()

    def read(self) -> Iterator[list[str]]:
        """The rows again, without headers."""
        for file in self._files:
            yield from file.read()


class AudienceFiles:
    """Who goes out and who is taken back: files with all columns, or one file for each identifier.

    `kept_path` notes the identifiers of people who are with the platform and stand in no file of tonight.
    """

    def __init__(self, folder: Path, platform: Platform, kept_path: Path) -> None:
        self._platform = platform
        self._kept_path, self._kept = kept_path, CsvFile(kept_path, platform.identifiers)
        headers: dict[str, list[str]] = {"": list(platform.columns)}
        if platform.one_identifier_per_file:
            columns = {name: column for column, name in platform.columns.items()}
            headers = {f"_{name}": [columns[name]] for name in platform.identifiers}
        chunk_rows = platform.chunk_rows
        self._added = {s: ChunkedCsv(folder, h, chunk_rows, AUDIENCE + s) for s, h in headers.items()}
        self._removed = {s: CsvFile(folder / f"{REMOVALS}{s}.csv", h) for s, h in headers.items()}

    def add(self, lines: pl.DataFrame, cells: pl.DataFrame) -> None:
        """Send people: `lines` are the rows of the file, `cells` the fields by name."""
        for suffix, rows in self._rows(lines, cells):
            self._added[suffix].write(rows)

    def remove(self, lines: pl.DataFrame, cells: pl.DataFrame) -> None:
        """Take people back."""
        for suffix, rows in self._rows(lines, cells):
            self._removed[suffix].write(rows)

    def keep(self, cells: pl.DataFrame) -> None:
        """People who were sent before and go on."""
        self._kept.write(cells.select(pl.col(self._platform.identifiers).fill_null("")))

    def _rows(self, lines: pl.DataFrame, cells: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
        if not self._platform.one_identifier_per_file:
            yield "", lines
            return
        columns = {name: column for column, name in self._platform.columns.items()}
        for name in self._platform.identifiers:
            yield f"_{name}", cells.select(pl.col(name).alias(columns[name])).drop_nulls()

    def sent_among(self, values: Set[str]) -> frozenset[str]:
        """Which of the values stand in what was sent or kept."""
        if not values:
            return frozenset()
        self.close()
        rows = chain(*(chunks.read() for chunks in self._added.values()), self._kept.read())
        return frozenset(cell for cells in rows for cell in cells if cell in values)

    def discard(self) -> None:
        """Delete what was to be sent: the audience is held."""
        for chunks in self._added.values():
            chunks.discard()

    def close(self) -> None:
        """Flush to the disk."""
        for chunks in self._added.values():
            chunks.close()
        for file in (*self._removed.values(), self._kept):
            file.close()

    def forget_kept(self) -> None:
        """Delete the note on who goes on."""
        self._kept_path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Described:
    """A file as the manifest lists it."""

    name: str
    rows: int
    bytes: int
    sha256: str


def describe(path: Path) -> Described:
    """Rows (without the header), size and hash of a CSV file."""
    with path.open("rb") as handle:
        digest = sha256()
        while block := handle.read(1 << 20):
            digest.update(block)
    with path.open(encoding="utf-8", newline="") as handle:
        rows = sum(1 for _ in csv.reader(handle)) - 1
    return Described(path.name, rows, path.stat().st_size, digest.hexdigest())


def write_manifest(folder: Path, facts: Mapping[str, Any]) -> bytes:
    """List the files beside the facts; no clock in it, so that the same night gives the same bytes."""
    files = [vars(describe(path)) for path in sorted(folder.glob("*.csv"))]
    content = (
        json.dumps({**facts, "files": files}, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"
    )
    with open(folder / MANIFEST, "wb", opener=_private) as handle:
        handle.write(content)
    return content


def _beside(final: Path, what: str) -> Path:
    return final.with_name(f".{final.name}.{what}")


def _is_same(draft: Path, final: Path) -> bool:
    """Whether the final folder holds exactly these files, byte for byte."""
    names = sorted(path.name for path in draft.iterdir())
    if not final.is_dir() or sorted(path.name for path in final.iterdir()) != names:
        return False
    return all(filecmp.cmp(draft / name, final / name, shallow=False) for name in names)


def put_in_place(draft: Path, final: Path) -> bool:
    """Move the draft to its place as a whole; False when the same files are there already."""
    if _is_same(draft, final):
        shutil.rmtree(draft)
        return False
    final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replaced = _beside(final, "replaced")
    shutil.rmtree(replaced, ignore_errors=True)
    if final.exists():
        final.rename(replaced)
    draft.rename(final)
    shutil.rmtree(replaced, ignore_errors=True)
    return True
