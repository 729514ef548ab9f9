"""CSV (RFC 4180): rows that may hold quoted line feeds, and their fields.

A row belongs together when its quotes close and it has as many fields as the header. An unterminated quote
therefore costs its own line and not the good lines after it.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.ingest import reasons
from spark_jobs.ingest.opening import UnreadableFileError
from spark_jobs.ingest.recipe import Recipe
from spark_jobs.ingest.rows import RawRows, text_rows

MOST_LINES_IN_A_ROW = 100
MOST_CHARACTERS_IN_A_ROW = 2**18
csv.field_size_limit(sys.maxsize)


@lru_cache(maxsize=16)
def _row_pattern(delimiter: str) -> re.Pattern[str]:
    mark = re.escape(delimiter)
    # Unrolled: one repetition within another would take years for a quote that never closes.
    field = rf'(?:"[^"]*(?:""[^"]*)*"|[^"{mark}\n][^{mark}\n]*|)'
    return re.compile(rf"{field}(?:{mark}{field})*")


def fields_of(text: str, delimiter: str) -> list[str] | None:
    """The fields of one row; None when its quotes are wrong."""
    if '"' not in text:
        return text.split(delimiter)
    if not _row_pattern(delimiter).fullmatch(text):
        return None
    return next(csv.reader([text], delimiter=delimiter))


def _is_whole(text: str, width: int, delimiter: str) -> bool:
    fields = fields_of(text, delimiter)
    return fields is not None and len(fields) == width


def _joined(texts: list[str], start: int, width: int, delimiter: str) -> int | None:
    """The end of the row that starts at `start` and goes on over several lines; None when there is none."""
    text = texts[start]
    for end in range(start + 1, min(len(texts), start + MOST_LINES_IN_A_ROW)):
        text += "\n" + texts[end]
        if len(text) > MOST_CHARACTERS_IN_A_ROW:
            return None
        if _is_whole(text, width, delimiter):
            return end + 1
    return None


def _with_joined_lines(rows: RawRows, width: int, delimiter: str) -> RawRows:
    if not any('"' in text for text in rows.texts):
        return rows
    numbers, texts = [], []
    place = 0
    while place < len(rows.texts):
        end = place + 1
        text = rows.texts[place]
        if '"' in text and not _is_whole(text, width, delimiter):
            end = _joined(rows.texts, place, width, delimiter) or end
        numbers.append(rows.numbers[place])
        texts.append("\n".join(rows.texts[place:end]))
        place = end
    return RawRows(numbers, texts, rows.problem, rows.header)


def header_names(header: str, delimiter: str) -> list[str]:
    """The names of a header line, as they are matched: trimmed, in lower case."""
    return [name.strip().casefold() for name in fields_of(header, delimiter) or []]


def _checked_header(rows: RawRows, delimiter: str) -> str:
    names = header_names(rows.texts[0], delimiter)
    if rows.problem or not names or len(set(names)) != len(names):
        raise UnreadableFileError("header")
    return rows.texts[0]


def csv_rows(path: Path, recipe: Recipe) -> Iterator[RawRows]:
    """The rows of a CSV file, each block with the file's header line.

    Raises UnreadableFileError when the header is no header.
    """
    header: str | None = None
    width = len(recipe.paths)
    for block in text_rows(path):
        rows = block
        if recipe.has_header and header is None and rows.texts:
            header = _checked_header(rows, recipe.delimiter)
            width = len(header_names(header, recipe.delimiter))
            rows = RawRows(rows.numbers[1:], rows.texts[1:])
        rows = RawRows(rows.numbers, rows.texts, rows.problem, header)
        yield rows if rows.problem else _with_joined_lines(rows, width, recipe.delimiter)


def _picked(fields: pa.Array, width: int, places: list[int | None], count: int) -> list[pa.Array]:
    """Columns out of the list of all fields, `width` to a row. An empty field is no value."""
    starts = np.arange(count, dtype=np.int64) * width
    nothing = pa.nulls(count, pa.string())
    columns = [nothing if place is None else fields.take(pa.array(starts + place)) for place in places]
    return [pc.if_else(pc.equal(column, ""), None, column) for column in columns]


def _plain(texts: list[str], width: int, delimiter: str) -> tuple[np.ndarray, pa.Array]:
    """Which rows have `width` fields, and all fields of those; for rows without a quote."""
    rows = pa.array(texts, pa.string())
    fits = pc.equal(pc.count_substring(rows, pattern=delimiter), width - 1)
    return np.asarray(fits), pc.split_pattern(rows.filter(fits), pattern=delimiter).flatten()


def _quoted(texts: list[str], width: int, delimiter: str) -> tuple[np.ndarray, pa.Array]:
    """The same for rows with quotes, one by one."""
    split = [fields_of(text, delimiter) for text in texts]
    fits = [fields is not None and len(fields) == width for fields in split]
    good = (fields for fields, fit in zip(split, fits, strict=True) if fit)
    return np.array(fits, dtype=bool), pa.array(
        [field for fields in good for field in fields or []], pa.string()
    )


def csv_columns(rows: RawRows, recipe: Recipe) -> tuple[RawRows, list[pa.Array], list[RawRows]]:
    """The rows whose fields fit, the recipe's columns of them as text, and the rows that do not fit."""
    paths = [path.casefold() for _, path in recipe.paths]
    names = header_names(rows.header, recipe.delimiter) if rows.header else paths
    split = _quoted if any('"' in text for text in rows.texts) else _plain
    fits, fields = split(rows.texts, len(names), recipe.delimiter)
    places = [names.index(path) if path in names else None for path in paths]
    columns = _picked(fields, len(names), places, int(fits.sum()))
    return rows.where(fits), columns, [rows.with_problem(~fits, reasons.MALFORMED_ROW)]
