"""JSON objects that hold an array of rows, such as the batches that event libraries send.

Each element becomes a row of its own with what the object around it says, where the element does not say it
itself: so a message has the `sentAt` of its batch. An object without the array is one row, as it came.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from spark_jobs.ingest import reasons
from spark_jobs.ingest.rows import RawRows

Found = tuple[str, str | None]  # A text, and what is wrong with it.


class _RepeatedError(ValueError):
    """A name that stands twice in an object: parsers disagree on which one counts."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _RepeatedError
    return found


def _exact(text: str) -> float | str:
    """A number that a binary fraction cannot hold stays a text, which is typed as if it were a number."""
    value = float(text)
    return value if Decimal(repr(value)) == Decimal(text) else text


def _not_json(text: str) -> Any:
    raise ValueError(text)


_DECODE = json.JSONDecoder(object_pairs_hook=_object, parse_float=_exact, parse_constant=_not_json).decode
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _parts(text: str, path: str) -> list[Found]:
    if f'"{path.rpartition(".")[2]}"' not in text:
        return [(text, None)]  # As most are: nothing to look into.
    try:
        document = _DECODE(text)
    except _RepeatedError:
        return [(text, reasons.REPEATED_FIELD)]
    except (ValueError, RecursionError):
        return [(text, reasons.MALFORMED_ROW)]
    *above, last = path.split(".")
    holder = document
    for name in above:
        holder = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(holder, dict) or last not in holder:
        return [(text, None)]
    elements = holder.pop(last)
    if not isinstance(elements, list):
        return [(text, reasons.MALFORMED_ROW)]
    return [_part(document, element) for element in elements]


def _part(around: dict[str, Any], element: Any) -> Found:
    if not isinstance(element, dict):
        return _ENCODE(element), reasons.MALFORMED_ROW
    return _ENCODE({**around, **element}), None


def exploded(blocks: Iterable[RawRows], path: str) -> Iterator[RawRows]:
    """The rows within the rows, numbered anew from 1 in their order. An empty array is no row."""
    number = 0
    for rows in blocks:
        found: list[Found] = (
            [(text, rows.problem) for text in rows.texts]
            if rows.problem
            else [part for text in rows.texts for part in _parts(text, path)]
        )
        numbered = list(enumerate(found, start=number + 1))
        number += len(found)
        for problem in dict.fromkeys(problem for _, (_, problem) in numbered):
            mine = [(place, text) for place, (text, wrong) in numbered if wrong == problem]
            yield RawRows([place for place, _ in mine], [text for _, text in mine], problem)
