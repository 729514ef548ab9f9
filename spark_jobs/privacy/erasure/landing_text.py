"""Delivered text without some people: lines of CSV and JSON, and the elements of batches within a line.

A text is searched as a whole; only lines with a hit are taken apart.
"""

from __future__ import annotations

import csv
import io
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import pyarrow as pa

from alluvium.contracts.contract import Contract
from spark_jobs.privacy.erasure.words import Words

Row = dict[str, Any]


@dataclass(frozen=True)
class Changed:
    """A file's content without the people, and how many rows went or stay without their keys."""

    content: bytes
    removed: int
    emptied: int


def csv_without(content: bytes, contract: Contract, words: Words) -> Changed:
    """CSV without the rows that name somebody; what must add up stays with empty cells."""
    rows = logical_lines(content)
    delimiter = contract.files.delimiter
    header = _cells(rows[0], delimiter) if rows and contract.files.header else list(contract.columns)
    numbers = sorted(_hit_rows(rows, words) | _with_short_values(rows, header, delimiter, words))
    found = [_row_of(rows[number], header, delimiter) for number in numbers]
    stays = _stay(found, contract)
    for number, row, is_kept in zip(numbers, found, stays, strict=True):
        rows[number] = _emptied_line(row, contract, rows[number]) if is_kept else b""
    return Changed(b"".join(rows), len(stays) - sum(stays), sum(stays))


def json_without(content: bytes, contract: Contract, words: Words) -> Changed:
    """JSON lines without the documents that name somebody, and batches without their elements."""
    rows = content.splitlines(keepends=True)
    removed = emptied = 0
    for number in sorted(_hit_rows(rows, words)):
        document = _document(rows[number])
        elements = _at(document, contract.files.explode) if contract.files.explode else None
        if isinstance(elements, list):
            kept, gone, without = _elements_without(elements, contract, words)
            is_around = gone + without == 0  # It stands beside the batch: all of it is about them.
            removed += len(elements) if is_around else gone
            emptied += without
            elements[:] = kept
            rows[number] = b"" if is_around or not kept else _line(document)
        else:
            [stays] = _stay([_named(document, contract)], contract)
            removed, emptied = removed + (not stays), emptied + stays
            rows[number] = _line(_emptied(document, contract)) if stays else b""
    return Changed(b"".join(rows), removed, emptied)


def _elements_without(
    elements: Sequence[Any], contract: Contract, words: Words
) -> tuple[list[Any], int, int]:
    """The elements of a batch that stay, how many went, and how many stay without their keys."""
    kept, gone, without = [], 0, 0
    for element in elements:
        if not words.are_in(_line(element)):
            kept.append(element)
        elif isinstance(element, dict) and _stay([_named(element, contract)], contract)[0]:
            kept.append(_emptied(element, contract))
            without += 1
        else:
            gone += 1
    return kept, gone, without


def logical_lines(content: bytes) -> list[bytes]:
    """Lines of CSV with line ends; a quoted field may go over several."""
    lines = content.splitlines(keepends=True)
    if b'"' not in content:
        return lines
    rows: list[bytes] = []
    is_open = False
    for line in lines:
        if is_open:
            rows[-1] += line
        else:
            rows.append(line)
        is_open ^= line.count(b'"') % 2 == 1
    return rows


def _hit_rows(rows: Sequence[bytes], words: Words) -> set[int]:
    """Numbers of the rows in which something is found."""
    ends = list(accumulate(map(len, rows)))
    return {bisect_right(ends, hit.offset) for hit in words.find(b"".join(rows))}


def _with_short_values(
    rows: Sequence[bytes], header: Sequence[str], delimiter: str, words: Words
) -> set[int]:
    """Rows with a short number, such as a card's, in a column of its name: each cell is looked up."""
    wanted = {at: values for at, name in enumerate(header) if (values := words.short_in(name))}
    if not wanted:
        return set()
    between, found = delimiter.encode(), set()
    last = max(wanted) + 1
    for number, row in enumerate(rows):
        # Few lines are quoted; the others need no parser, which would be most of the time.
        cells = (
            [cell.encode("utf-8", "surrogateescape") for cell in _cells(row, delimiter)]
            if b'"' in row
            else row.split(between, last)
        )
        if any(at < len(cells) and cells[at].strip() in values for at, values in wanted.items()):
            found.add(number)
    return found


def _cells(line: bytes, delimiter: str) -> list[str]:
    return next(csv.reader([line.decode("utf-8", "surrogateescape")], delimiter=delimiter), [])


def _row_of(line: bytes, header: Sequence[str], delimiter: str) -> Row:
    """The fields of a line; nothing of one that cannot be read, which then goes as a whole."""
    cells = _cells(line, delimiter)
    return dict(zip(header, cells, strict=True)) if len(cells) == len(header) else {}


def _document(line: bytes) -> Any:
    try:
        document = json.loads(line)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _named(document: Row, contract: Contract) -> Row:
    """The contract's columns of a document."""
    return {name: _at(document, column.path or name) for name, column in contract.columns.items()}


def _stay(rows: Sequence[Row], contract: Contract) -> list[bool]:
    """Which rows stay without their person; judged on the delivered texts."""
    if contract.keep_when_erased is None or not rows:
        return [False] * len(rows)
    import duckdb

    columns = {
        name: pa.array([None if row.get(name) is None else str(row[name]) for row in rows], pa.string())
        for name in contract.columns
    }
    with duckdb.connect() as opened:
        opened.register("delivered", pa.table(columns))
        found = opened.execute(f"SELECT {contract.keep_when_erased} FROM delivered").fetchall()
    return [bool(stays) for (stays,) in found]


def _emptied_line(values: Row, contract: Contract, line: bytes) -> bytes:
    kept = [
        "" if name in contract.columns and contract.columns[name].is_raw_kept_apart else cell
        for name, cell in values.items()
    ]
    out = io.StringIO()
    csv.writer(out, lineterminator="", delimiter=contract.files.delimiter).writerow(kept)
    end = b"\r\n" if line.endswith(b"\r\n") else b"\n"
    return out.getvalue().encode("utf-8", "surrogateescape") + end


def _at(document: Any, path: str) -> Any:
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document


def _emptied(document: Row, contract: Contract) -> Row:
    """The document without what names its person."""
    for name, column in contract.columns.items():
        if column.is_raw_kept_apart:
            *parents, leaf = (column.path or name).split(".")
            parent = _at(document, ".".join(parents)) if parents else document
            if isinstance(parent, dict):
                parent.pop(leaf, None)
    return document


def _line(document: Any) -> bytes:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass") + b"\n"
