"""Compare names and birth dates of pairs of records: what a contradiction is made of.

Each field gets a level, 0 when either side says nothing. Levels stand in ascending agreement. How much an
agreement says is the match engine's question; here it is only whether two records can be one person at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from spark_jobs.identity.rules import nicknames

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Levels = NDArray[np.int8]
Texts = tuple[NDArray[np.object_], NDArray[np.object_]]

# fmt: off
FIELDS: dict[str, tuple[str, ...]] = {
    "first_name": ("missing", "different", "initial", "distant", "swapped", "close", "variant", "same"),
    "last_name": ("missing", "different", "distant", "swapped", "close", "same"),
    "birth_date": ("missing", "different", "parts", "typo", "same"),
}
# fmt: on
CLOSE_NAME, DISTANT_NAME = 0.90, 0.80  # Jaro-Winkler
NEAR_DAYS = 31  # birth dates of two people of one family are never as close, twins apart


def level(field: str, name: str) -> int:
    """The number of a level."""
    return FIELDS[field].index(name)


@dataclass(frozen=True)
class Forms:
    """Comparable forms by column, as arrays over the records; text is "" when missing."""

    text: Mapping[str, NDArray[np.object_]]
    number: Mapping[str, Ints]
    is_default_day: Bools

    @property
    def count(self) -> int:
        """Records."""
        return len(self.text["first"])


TEXT = ("first", "last", "street_core", "town", "post")


def forms(records: pl.DataFrame) -> Forms:
    """Arrays of the comparable frame."""
    text = {name: records[name].fill_null("").to_numpy().astype(object) for name in TEXT}
    birth = records["birth_date"]
    number = {
        "year": birth.dt.year().fill_null(0).to_numpy().astype(np.int64),
        "month": birth.dt.month().fill_null(0).to_numpy().astype(np.int64),
        "day": birth.dt.day().fill_null(0).to_numpy().astype(np.int64),
        "birth": birth.to_physical().fill_null(0).to_numpy().astype(np.int64),
    }
    return Forms(text, number, records["is_default_day"].fill_null(False).to_numpy())


def _jaro_winkler(one: NDArray[np.object_], other: NDArray[np.object_]) -> NDArray[np.float32]:
    return process.cpdist(one, other, scorer=JaroWinkler.similarity, dtype=np.float32)


def _one_edit(one: NDArray[np.object_], other: NDArray[np.object_]) -> Bools:
    """One letter more, less, other, or two neighbours swapped."""
    return process.cpdist(one, other, scorer=OSA.distance, score_cutoff=1, dtype=np.uint8) <= 1


def _both(one: NDArray[np.object_], other: NDArray[np.object_]) -> Bools:
    return (one != "") & (other != "")


def _shares_word(one: NDArray[np.object_], other: NDArray[np.object_]) -> Bools:
    """Whether one name is among the words of the other: `mary` and `mary ann`."""
    has_several = np.array([" " in a or " " in b for a, b in zip(one, other, strict=True)], dtype=bool)
    found = np.zeros(len(one), dtype=bool)
    for at in np.flatnonzero(has_several):
        words, others = set(one[at].split()), set(other[at].split())
        found[at] = words <= others or others <= words
    return found


def _are_nicknames(one: NDArray[np.object_], other: NDArray[np.object_]) -> Bools:
    table = nicknames()
    return np.fromiter((pair in table for pair in zip(one, other, strict=True)), dtype=bool, count=len(one))


def related(one: NDArray[np.object_], other: NDArray[np.object_]) -> Bools:
    """Whether two surnames may be of one family: the same, nearly so, or one a part of the other."""
    return _last_levels((one, other)) >= level("last_name", "close")


def _is_initial(one: NDArray[np.object_], other: NDArray[np.object_]) -> Bools:
    """One side is a single letter, the first of the other."""
    return np.fromiter(
        ((len(a) == 1 or len(b) == 1) and a[:1] == b[:1] for a, b in zip(one, other, strict=True)),
        dtype=bool,
        count=len(one),
    )


def _set(levels: Levels, field: str, name: str, where: Bools) -> None:
    levels[where] = level(field, name)


def _name_levels(data: Forms, left: Ints, right: Ints) -> tuple[Levels, Levels]:
    first, last = (
        (data.text["first"][left], data.text["first"][right]),
        (data.text["last"][left], data.text["last"][right]),
    )
    firsts, lasts = _first_levels(first), _last_levels(last)
    crossed = _both(first[0], last[1]) & _both(last[0], first[1])
    crossed &= (_jaro_winkler(first[0], last[1]) >= CLOSE_NAME) & (
        _jaro_winkler(last[0], first[1]) >= CLOSE_NAME
    )
    crossed &= (firsts < level("first_name", "swapped")) & (lasts < level("last_name", "swapped"))
    _set(firsts, "first_name", "swapped", crossed)
    _set(lasts, "last_name", "swapped", crossed)
    return firsts, lasts


def _first_levels(names: Texts) -> Levels:
    levels = np.zeros(len(names[0]), dtype=np.int8)
    said = _both(*names)
    likeness, same = _jaro_winkler(*names), names[0] == names[1]
    _set(levels, "first_name", "different", said)
    _set(levels, "first_name", "distant", said & (likeness >= DISTANT_NAME))
    _set(levels, "first_name", "initial", said & _is_initial(*names))
    _set(
        levels,
        "first_name",
        "close",
        said & ((likeness >= CLOSE_NAME) | _one_edit(*names)) & ~_is_initial(*names),
    )
    _set(levels, "first_name", "variant", said & (_are_nicknames(*names) | _shares_word(*names)))
    _set(levels, "first_name", "same", said & same)
    return levels


def _last_levels(names: Texts) -> Levels:
    levels = np.zeros(len(names[0]), dtype=np.int8)
    said = _both(*names)
    likeness, same = _jaro_winkler(*names), names[0] == names[1]
    _set(levels, "last_name", "different", said)
    _set(levels, "last_name", "distant", said & (likeness >= DISTANT_NAME))
    _set(levels, "last_name", "close", said & ((likeness >= CLOSE_NAME) | _shares_word(*names)))
    _set(levels, "last_name", "same", said & same)
    return levels


def _birth_levels(data: Forms, left: Ints, right: Ints) -> Levels:
    levels = np.zeros(len(left), dtype=np.int8)
    (year, month, day), (year_2, month_2, day_2) = (
        [data.number[name][side] for name in ("year", "month", "day")] for side in (left, right)
    )
    said = (year > 0) & (year_2 > 0)
    same_parts = (year == year_2).astype(np.int8) + (month == month_2) + (day == day_2)
    crossed = (year == year_2) & (month == day_2) & (day == month_2)
    digits, swapped = _digits_apart(_digits(year, month, day), _digits(year_2, month_2, day_2))
    is_near = np.abs(data.number["birth"][left] - data.number["birth"][right]) <= NEAR_DAYS
    is_default = data.is_default_day[left] & data.is_default_day[right]
    _set(levels, "birth_date", "different", said)
    _set(levels, "birth_date", "parts", said & ((same_parts == 2) | (digits == 2) | is_near))
    _set(levels, "birth_date", "typo", said & (crossed | swapped | (digits == 1)))
    _set(levels, "birth_date", "same", said & (digits == 0))
    _set(levels, "birth_date", "parts", said & (digits == 0) & is_default)
    return levels


def _digits(year: Ints, month: Ints, day: Ints) -> Ints:
    """Eight digits of each date: shape (pairs, 8)."""
    number = year * 10000 + month * 100 + day
    return number[:, None] // 10 ** np.arange(7, -1, -1) % 10


def _digits_apart(one: Ints, other: Ints) -> tuple[Ints, Bools]:
    """How many digits differ, and whether they are two neighbours that changed places."""
    differs = one != other
    count, at = differs.sum(axis=1), np.minimum(differs.argmax(axis=1), 6)
    rows = np.arange(len(at))
    crossed = (one[rows, at] == other[rows, at + 1]) & (one[rows, at + 1] == other[rows, at])
    return count, (count == 2) & crossed


def name_and_birth_levels(data: Forms, left: Ints, right: Ints) -> Levels:
    """Levels of first name, last name and birth date: shape (pairs, 3)."""
    return np.column_stack([*_name_levels(data, left, right), _birth_levels(data, left, right)])


def at_one_address(data: Forms, left: Ints, right: Ints) -> Bools:
    """Whether both live in one street and house, by postal code or town."""

    def same(form: str) -> Bools:
        one, other = data.text[form][left], data.text[form][right]
        return _both(one, other) & (one == other)

    return same("street_core") & (same("post") | same("town"))
