"""A first contract for a file: types and key by what stands in it, personal data by name and value.

Guesses, and marked as such: a person reads the proposal before it is used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

from alluvium import contact
from alluvium.contracts.contract_sample import Sample

ENOUGH_ROWS = 100  # Fewer do not say that a column is always there.
MOST = 0.8  # Of the values that are there: a few broken ones do not change what a column is.
NEARLY_ALL = 0.95  # Rows that break a promise are what quarantine is for.
WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,17})")
NUMBER = re.compile(r"[+-]?\d+\.\d+")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
TRUTH = re.compile(r"true|false", re.IGNORECASE)
TYPED = (
    ("boolean", TRUTH),
    ("bigint", WHOLE),
    ("decimal(18,2)", NUMBER),
    ("date", DAY),
    ("timestamp", MOMENT),
)
CHANGED = re.compile(r"(updated|changed|modified|received|last_)")
BY_NAME = (
    ("name", re.compile(r"(^|_)(first|last|given|family|sur|full|middle)_?name$|^(name|title|surname)$")),
    ("address", re.compile(r"(^|_)(street|address|city|town|state|province|zip|post(al)?_?code)(_|$|\d)")),
    ("birth_date", re.compile(r"(^|_)(birth|born|dob)(_|$|day|date)")),
    ("phone", re.compile(r"(^|_)(phone|mobile|cell|tel(ephone)?)(_|$)")),
    ("email", re.compile(r"(^|_)e?mail(_|$)")),
    ("free_text", re.compile(r"(^|_)(comment|note|message|text|query|ip|ip_address)s?$")),
)


@dataclass(frozen=True)
class Guess:
    """What one column seems to be."""

    name: str
    path: str
    type: str
    is_full: bool
    pii: str | None

    @property
    def identifier(self) -> str | None:
        """E-mail addresses and telephone numbers lead to people of other sources."""
        return self.pii if self.pii in {"email", "phone"} else None


def propose(sample: Sample, source: str, entity: str) -> str:
    """The text of a contract for such files; every guess that matters is marked with `guess`."""
    names = _names(list(sample.columns))
    guesses = [_guess(names[path], path, values) for path, values in sample.columns.items()]
    key = _key(guesses, sample, entity)
    return (
        "\n".join(
            [
                *_head(sample, source, entity, guesses),
                *_columns(guesses, key, sample.rows),
                *_tail(guesses, key),
            ]
        )
        + "\n"
    )


def _names(paths: Sequence[str]) -> dict[str, str]:
    """A column name for each path: its last part, or all parts where two would be the same."""
    last = {path: _snake(path.rpartition(".")[2]) for path in paths}
    taken = list(last.values())
    return {path: name if taken.count(name) == 1 else _snake(path) for path, name in last.items()}


def _snake(text: str) -> str:
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text).lower()
    name = re.sub(r"[^a-z0-9]+", "_", words).strip("_")
    return name if name[:1].isalpha() else f"column_{name}".rstrip("_")


def _guess(name: str, path: str, values: Sequence[Any]) -> Guess:
    there = [value for value in values if value not in (None, "")]
    pii = _pii(name, there) if there else None
    # Digits that name a person or a place are no number: a postal code begins with a zero.
    found = "string" if pii not in (None, "birth_date") else _type(there)
    return Guess(name, path, found, len(there) >= NEARLY_ALL * len(values), pii)


def _type(values: Sequence[Any]) -> str:
    """The Spark type that most values have; text where they disagree."""
    if not values:
        return "string"
    if all(isinstance(value, str) for value in values):
        return next((kind for kind, form in TYPED if _share(form, values) >= MOST), "string")
    kinds = Counter(_python_type(value) for value in values)
    if kinds.keys() <= {"bigint", "double"}:
        return max(kinds, key=("bigint", "double").index)
    kind, count = kinds.most_common(1)[0]
    return kind if count >= MOST * len(values) else "string"


def _python_type(value: Any) -> str:
    if isinstance(value, Mapping):
        return "struct<" + ",".join(f"{name}:{_type([part])}" for name, part in value.items()) + ">"
    if isinstance(value, list):
        return f"array<{_type(value[:1])}>"
    # A bool is an int and a datetime a date: the narrower first.
    kinds = ((bool, "boolean"), (int, "bigint"), (float, "double"), (datetime, "timestamp"), (date, "date"))
    if isinstance(value, Decimal):
        return "decimal(18,2)"
    return next((name for kind, name in kinds if isinstance(value, kind)), "string")


def _share(form: re.Pattern[str], values: Sequence[str]) -> float:
    return sum(bool(form.fullmatch(value.strip())) for value in values) / len(values)


def _pii(name: str, values: Sequence[Any]) -> str | None:
    texts = [value for value in values if isinstance(value, str)]
    if texts and _share(EMAIL, texts) >= MOST:
        return "email"
    kind = next((kind for kind, form in BY_NAME if form.search(name)), None)
    if kind == "email" or (kind == "phone" and not _mostly_phones(texts)):
        return None
    return kind


def _mostly_phones(texts: Sequence[str]) -> bool:
    return sum(contact.normalise_phone(text) is not None for text in texts) >= len(texts) / 2


def _key(guesses: Sequence[Guess], sample: Sample, entity: str) -> tuple[str, ...]:
    """What tells one thing from another: its own id, else few columns whose values tell the rows apart."""
    own = {"id", f"{entity}_id", f"{entity.removesuffix('s')}_id"}
    for guess in guesses:
        if guess.name in own and len(set(sample.columns[guess.path])) > sample.rows / 2:
            return (guess.name,)
    full = sorted((g for g in guesses if g.is_full and not g.type.startswith("array")), key=_no_id)
    distinct = len(set(map(repr, zip(*sample.columns.values(), strict=True))))
    for size in (1, 2, 3):
        for chosen in combinations(full[:10], size):
            rows = set(zip(*(sample.columns[guess.path] for guess in chosen), strict=True))
            if len(rows) >= NEARLY_ALL * distinct:
                return tuple(guess.name for guess in chosen)
    return tuple(guess.name for guess in full) or (guesses[0].name,)


def _no_id(guess: Guess) -> bool:
    return not re.search(r"(^|_)(id|number|no|key|code)$", guess.name)


def _head(sample: Sample, source: str, entity: str, guesses: Sequence[Guess]) -> list[str]:
    more = f', delimiter: "{sample.delimiter}"' if sample.delimiter != "," else ""
    header = ", header: true" if sample.format == "csv" else ""
    unreadable = f", {sample.unreadable} more could not be read" if sample.unreadable else ""
    record = next((guess for guess in guesses if guess.identifier), None)
    return [
        f"# Proposed from {sample.rows} rows{unreadable}. What is marked `guess` must be looked at.",
        f"description: {entity.replace('_', ' ').capitalize()} of {source}, one row per (say what).",
        f"files: {{format: {sample.format}{header}{more}}}",
        "optional: true  # guess: a day without a folder is an empty batch, not an error",
        *([f"record: {record.name}  # guess: whose row this is"] if record else []),
    ]


def _columns(guesses: Sequence[Guess], key: Sequence[str], rows: int) -> list[str]:
    width = max(len(guess.name) for guess in guesses) + 1
    required = (
        {guess.name for guess in guesses if guess.is_full and not guess.pii} if rows >= ENOUGH_ROWS else set()
    )
    return ["columns:", *(_column(guess, guess.name in required.union(key), width) for guess in guesses)]


def _column(guess: Guess, is_required: bool, width: int) -> str:
    fields = {
        "type": guess.type if guess.type.isalpha() else f'"{guess.type}"',
        "time_zone": "UTC" if guess.type == "timestamp" else None,
        "required": "true" if is_required else None,
        "path": f'"{guess.path}"' if guess.path != guess.name else None,
        "pii": guess.pii,
        "identifier": guess.identifier,
    }
    text = ", ".join(f"{name}: {value}" for name, value in fields.items() if value)
    mark = "  # guess: personal data" if guess.pii else ""
    return f"  {guess.name + ':':<{width}} {{{text}}}{mark}"


def _tail(guesses: Sequence[Guess], key: Sequence[str]) -> list[str]:
    times = [guess.name for guess in guesses if guess.type == "timestamp" and not guess.pii]
    newest = [name for name in times if CHANGED.search(name)] or times[:1]
    return [
        f"key: [{', '.join(key)}]  # guess: the same in two rows, they are versions of one thing",
        f"newest: [{', '.join(newest[:1])}]  # guess: of two rows with the same key the later one counts",
        *(
            [f"event_time: {times[0]}  # guess: when it happened, checked against the future"]
            if times
            else []
        ),
    ]
