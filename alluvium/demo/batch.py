"""What one source delivers on one run date, and how it becomes files."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Counts:
    """Rows of one source, entity and run date; broken, duplicates and conflicts are part of rows.

    duplicates counts the second and later copies of a row, also those that the real data brings.
    conflicts share a key with a real row and are older: they are accepted and never win.
    """

    rows: int
    broken: int = 0
    duplicates: int = 0
    conflicts: int = 0


def total(counts: Iterable[Counts]) -> Counts:
    """Counts of several files together."""
    rows = [(one.rows, one.broken, one.duplicates, one.conflicts) for one in counts]
    return Counts(*map(sum, zip(*rows, strict=True)))


@dataclass(frozen=True)
class Batch:
    """Grain: source, entity and run date. `files` are name and plain content; .gz is zipped when written."""

    source: str
    entity: str
    run_date: date
    files: tuple[tuple[str, bytes], ...]
    counts: Counts

    @property
    def folder(self) -> str:
        """Relative to the landing zone."""
        return f"{self.source}/{self.entity}/run_date={self.run_date:%Y-%m-%d}"


Batches = Iterator[Batch]


def text(lines: Iterable[str], header: str | None = None) -> bytes:
    """Lines as a UTF-8 file, each ended by a line feed."""
    body = [header, *lines] if header is not None else list(lines)
    return ("\n".join(body) + "\n").encode() if body else b""


def zipped(content: bytes) -> bytes:
    """gzip without a time stamp, so that the same content is the same file."""
    return gzip.compress(content, compresslevel=5, mtime=0)
