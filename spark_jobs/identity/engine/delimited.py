"""Read a text file of rows whatever program wrote it: encoding and separator are found out.

UTF-8 and UTF-16 are recognised; what is neither is read as Windows-1252, as spreadsheets write it, unless the
encoding is given.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import polars as pl

from alluvium.errors import AlluviumError, UsageError

SEPARATORS = (",", ";", "\t", "|")
ELSE = "cp1252"
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", codecs.BOM_UTF8: "utf-8-sig"}
_BLOCK = 1 << 22


@dataclass(frozen=True)
class Form:
    """How a file is written."""

    encoding: str
    separator: str


def _opened(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _opened(path) as file:
        try:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _encoding(path: Path, asked: str | None) -> str:
    if asked is not None:
        try:
            return codecs.lookup(asked).name
        except LookupError:
            raise UsageError(
                f"There is no encoding {asked!r}", do="For example cp1251 or shift_jis"
            ) from None
    with _opened(path) as file:
        start = file.read(4)
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return encoding
    return "utf-8" if _is_utf8(path) else ELSE


def _header(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator), [])


def _separator(path: Path, encoding: str, wanted: Sequence[str]) -> str:
    """What gives most of the columns that are wanted; between equals what gives most columns."""
    with io.TextIOWrapper(_opened(path), encoding=encoding, errors="replace", newline="") as file:
        line = file.readline().strip("\r\n")

    def found(separator: str) -> tuple[int, int]:
        names = _header(line, separator)
        return len(set(wanted) & set(names)), len(names)

    return max(SEPARATORS, key=found)


def form(path: Path, wanted: Sequence[str], encoding: str | None = None) -> Form:
    """Find out how the file is written. `wanted` are columns that it should have."""
    known = _encoding(path, encoding)
    return Form(known, _separator(path, known, wanted))


def scan(path: Path, how: Form) -> pl.LazyFrame:
    """All columns as text. Raises a PolarsError for rows that `slowly` may read, or tells what is wrong."""
    if how.encoding in ("utf-8", "utf-8-sig"):
        return pl.scan_csv(path, infer_schema=False, separator=how.separator)
    with _opened(path) as file:
        try:
            text = file.read().decode(how.encoding)
        except UnicodeDecodeError as error:
            raise AlluviumError(
                f"Byte {error.start} is not {how.encoding}", where=str(path), do="Say --encoding"
            ) from None
    return pl.read_csv(text.encode(), infer_schema=False, separator=how.separator).lazy()


def slowly(path: Path, how: Form) -> pl.DataFrame:
    """The rows by Python's reader, which takes more: quotes in the middle of a field, for one.

    Raises AlluviumError naming the first line that has more fields than the header.
    """
    rows: list[list[str | None]] = []
    with io.TextIOWrapper(_opened(path), encoding=how.encoding, newline="") as file:
        lines = csv.reader(file, delimiter=how.separator)
        header = next(lines, [])
        for row in lines:
            if len(row) > len(header):
                raise AlluviumError(
                    f"A row has {len(row)} fields and the header {len(header)}",
                    where=f"{path}, line {lines.line_num}",
                    do=f"Put quotes around a field that holds {how.separator!r}",
                )
            if row:
                rows.append([field or None for field in row] + [None] * (len(header) - len(row)))
    return pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String), orient="row")
