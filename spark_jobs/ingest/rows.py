"""Raw rows of a file, before anything is made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path

from spark_jobs.ingest import reasons
from spark_jobs.ingest.opening import line_blocks


@dataclass(frozen=True)
class RawRows:
    """Rows of one file: numbers from 1, texts, and the one reason that they share if they are bad."""

    numbers: list[int | None]
    texts: list[str]
    problem: str | None = None
    header: str | None = None

    def where(self, wanted: Iterable[bool]) -> RawRows:
        """The rows whose place is true in `wanted`."""
        mask = list(wanted)
        return replace(
            self, numbers=list(compress(self.numbers, mask)), texts=list(compress(self.texts, mask))
        )

    def with_problem(self, wanted: Iterable[bool], problem: str) -> RawRows:
        """The same, with the reason that they are bad for."""
        return replace(self.where(wanted), problem=problem)


def _split(block: bytes) -> tuple[list[str], list[int]]:
    """The lines of a block as text, and the places of those that are not UTF-8."""
    try:
        lines = block.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        pass
    else:
        return lines, []
    texts, bad = [], []
    for place, line in enumerate(block.split(b"\n")):
        try:
            texts.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            texts.append(line.decode("utf-8", "backslashreplace"))
            bad.append(place)
    return texts, bad


def text_rows(path: Path) -> Iterator[RawRows]:
    """The lines of a text file that are not blank, in blocks. Lines that are not UTF-8 come apart."""
    number = 1
    for block in line_blocks(path):
        lines, bad = _split(block)
        places = set(bad)
        kept = [
            (number + place, line.removesuffix("\r"))
            for place, line in enumerate(lines)
            if line and not line.isspace() and place not in places
        ]
        yield RawRows([n for n, _ in kept], [line for _, line in kept])
        if bad:
            yield RawRows(
                [number + place for place in bad], [lines[place] for place in bad], reasons.NOT_UTF8
            )
        number += len(lines)
