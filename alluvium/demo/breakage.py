"""Plants broken rows, exact repeats and conflicts among good ones: always added, never in place of a row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any, Generic, TypeVar

from alluvium.demo.batch import Counts
from alluvium.demo.days import HISTORY_DAY

Row = dict[str, Any]
Spoil = Callable[[Row], None]
T = TypeVar("T")

# A batch with more than a fifth of bad rows would rightly be refused whole.
AT_MOST_ONE_IN = 10


@dataclass(frozen=True)
class Amounts:
    """How many to plant in a batch, as (history, one night)."""

    broken: tuple[int, int]
    duplicates: tuple[int, int]
    conflicts: tuple[int, int] = (0, 0)

    def on(self, run_date: date, count_rows: int) -> tuple[int, int, int]:
        """Broken, duplicates and conflicts for a batch of so many rows."""
        column = 0 if run_date == HISTORY_DAY else 1
        limit = count_rows // AT_MOST_ONE_IN
        return (
            min(self.broken[column], limit),
            min(self.duplicates[column], limit),
            min(self.conflicts[column], limit),
        )


@dataclass(frozen=True)
class Form(Generic[T]):
    """How a delivered item (a line of text, or a typed row) is opened, closed and cut off."""

    opened: Callable[[T], Row]
    closed: Callable[[Row], T]
    cut: Callable[[T], T] | None = None


@dataclass(frozen=True)
class Breakage:
    """What goes wrong in one source and entity.

    rekey gives a broken row a key of its own: if it is replayed one day, it must not stand in for a real row.
    older turns a copy of a row into an earlier version of the same key.
    """

    amounts: Amounts
    rekey: Callable[[Row, int], None]
    spoils: tuple[Spoil, ...]
    older: Spoil | None = None
    is_cut_off: bool = False


def plant(
    items: Sequence[T], form: Form[T], breakage: Breakage, run_date: date, rng: Random
) -> tuple[list[T], Counts]:
    """All items in their order, with the planted ones scattered among them, and how many were planted."""
    broken, duplicates, conflicts = breakage.amounts.on(run_date, len(items))
    planted = [_broken(items, form, breakage, rng) for _ in range(broken)]
    planted += rng.sample(list(items), duplicates)
    planted += [_older(item, form, breakage) for item in rng.sample(list(items), conflicts)]
    counts = Counts(len(items) + len(planted), broken, duplicates, conflicts)
    return scatter(items, planted, rng), counts


def scatter(items: Sequence[T], planted: Sequence[T], rng: Random) -> list[T]:
    """Insert the planted items at drawn places."""
    mixed: list[T] = []
    start = 0
    places = sorted(rng.randrange(len(items) + 1) for _ in planted)
    for place, item in zip(places, planted, strict=True):
        mixed.extend(items[start:place])
        mixed.append(item)
        start = place
    mixed.extend(items[start:])
    return mixed


def put(path: str, value: object) -> Spoil:
    """Set a field, given by its dotted path, to a value; None stands for missing."""

    def spoil(row: Row) -> None:
        *parents, last = path.split(".")
        for parent in parents:
            row = row.setdefault(parent, {})
        row[last] = value

    return spoil


def swap(one: str, other: str) -> Spoil:
    """Exchange two fields, such as the two ends of a period."""

    def spoil(row: Row) -> None:
        row[one], row[other] = row[other], row[one]

    return spoil


def json_lines() -> Form[str]:
    """One JSON object a line; cut off in the middle it is no JSON any more."""
    return Form(json.loads, to_json, lambda line: line[: len(line) * 3 // 5])


def csv_lines(header: str) -> Form[str]:
    """One CSV record a line; cut off after its second field."""
    names = header.split(",")
    return Form(
        opened=lambda line: dict(zip(names, next(csv.reader([line])), strict=True)),
        closed=lambda row: to_csv([row[name] for name in names]),
        cut=lambda line: ",".join(line.split(",")[:2]),
    )


def typed_rows() -> Form[Row]:
    """Rows of a typed format (Parquet, Avro)."""
    return Form(deepcopy, lambda row: row)


def to_json(row: Row) -> str:
    """Compact JSON in UTF-8."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def to_csv(values: Sequence[object]) -> str:
    """One CSV record without its line end; None is an empty field."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(["" if value is None else value for value in values])
    return buffer.getvalue()


def _broken(items: Sequence[T], form: Form[T], breakage: Breakage, rng: Random) -> T:
    row = form.opened(rng.choice(items))
    breakage.rekey(row, rng.randrange(10**9))
    row["provenance"] = "synthetic"
    if form.cut is not None and breakage.is_cut_off and rng.randrange(len(breakage.spoils) + 1) == 0:
        return form.cut(form.closed(row))
    rng.choice(breakage.spoils)(row)
    return form.closed(row)


def _older(item: T, form: Form[T], breakage: Breakage) -> T:
    assert breakage.older is not None, "conflicts are asked for, but not how to make one"
    row = form.opened(item)
    breakage.older(row)
    row["provenance"] = "synthetic"
    return form.closed(row)
