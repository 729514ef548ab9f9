"""A date, compared by its digits and parts. A day that stands for "not known" says little when it agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from spark_jobs.identity.engine import days
from spark_jobs.identity.engine.arrays import Bools, Floats, Ints, Levels, in_chunks
from spark_jobs.identity.engine.attribute import Keys, key_codes
from spark_jobs.identity.engine.content import of_numbers

LEVELS = (
    "missing", "different", "same day of the year", "same year", "two digits", "day and month swapped",
    "one digit", "same default day", "same",
)  # fmt: skip
OTHER, MONTH_DAY, YEAR, TWO, SWAPPED, ONE, DEFAULT, SAME = range(1, 9)
DEFAULT_LIFT = 8.0  # a month-day this much commoner than one in 366 stands for "not known"
LEAST_DATES = 500  # with fewer a common day is chance
_POWERS = 10 ** np.arange(8)


@dataclass(frozen=True)
class Day:
    """`numbers`: year * 10000 + month * 100 + day of each record, 0 for parts that are not told."""

    name: str
    kind: int
    numbers: Ints
    is_default: Bools
    bits_same: float
    day_first: bool = True

    @property
    def default_days(self) -> list[int]:
        """The days of the year that stand for "not known", as month * 100 + day."""
        return [int(day) for day in np.unique(self.numbers[self.is_default] % 10000)]

    def with_defaults(self, days_of_year: Sequence[int]) -> Day:
        """The same dates with other days that stand for "not known"."""
        return replace(self, is_default=np.isin(self.numbers % 10000, np.array(days_of_year, np.int64)))

    @property
    def bits(self) -> Floats:
        """By level."""
        same = self.bits_same
        return np.array([0, 0, same / 3, same / 3, same / 3, same * 0.8, same * 0.7, same / 2, same])

    @property
    def runs_in_families(self) -> bool:
        """A birthday is one's own."""
        return False

    @property
    def groups(self) -> Ints:
        """One."""
        return np.zeros(len(LEVELS), np.int64)

    @property
    def contradicts(self) -> Bools:
        """When nothing agrees."""
        return np.arange(len(LEVELS)) == OTHER

    def compare(self, left: Ints, right: Ints) -> Levels:
        """See LEVELS."""
        levels = np.empty(len(left), np.uint8)

        def compare_chunk(at: slice) -> None:
            one, other = left[at], right[at]
            default = self.is_default[one] & self.is_default[other]
            levels[at] = _levels(self.numbers[one], self.numbers[other], default)

        in_chunks(compare_chunk, len(left))
        return levels

    def describe(self, level: int) -> str:
        """A level in words."""
        return LEVELS[level]

    def only(self, records: Ints) -> Day:
        """Some of the records."""
        return replace(self, numbers=self.numbers[records], is_default=self.is_default[records])

    def blocking_keys(self, key: bytes, least: int) -> list[Keys]:
        """The date, the year, and day and month unless they are a default."""
        told = np.flatnonzero(self.numbers > 0)
        exact = told[(self.numbers[told] % 10000 > 0) & ~self.is_default[told]]
        rows = ((0, told, self.numbers[told]), (1, told, self.numbers[told] // 10000),
                (1, exact, 10**8 + self.numbers[exact] % 10000))  # fmt: skip
        return [
            Keys(self.name, records, key_codes(self.kind + other, of_numbers(numbers, key)))
            for other, records, numbers in rows
        ]

    def sorted_by(self) -> list[Ints]:
        """The date."""
        return [self.numbers]


def _digits_apart(one: Ints, other: Ints) -> tuple[Ints, Bools]:
    """How many of eight digits differ, and whether they are two neighbours that changed places."""
    a, b = one[None] // _POWERS[:, None] % 10, other[None] // _POWERS[:, None] % 10
    differs = a != b
    crossed = (differs[:-1] & differs[1:] & (a[:-1] == b[1:]) & (a[1:] == b[:-1])).any(axis=0)
    count = differs.sum(axis=0)
    return count, crossed & (count == 2)


def _levels(one: Ints, other: Ints, default: Bools) -> Levels:
    levels = np.full(len(one), OTHER, np.uint8)
    year, year_2 = one // 10000, other // 10000
    rest, rest_2 = one % 10000, other % 10000
    both_exact = (rest > 0) & (rest_2 > 0)
    levels[both_exact & (rest == rest_2) & ~default] = MONTH_DAY
    levels[year == year_2] = YEAR
    near = np.flatnonzero((one != other) & (both_exact | ((rest == 0) & (rest_2 == 0))))
    count, crossed = _digits_apart(one[near], other[near])
    levels[near[(count == 2) & both_exact[near]]] = TWO
    swapped = (year == year_2) & (rest // 100 == rest_2 % 100) & (rest % 100 == rest_2 // 100)
    levels[swapped & both_exact] = SWAPPED
    levels[near[(count == 1) | crossed]] = ONE
    levels[one == other] = SAME
    levels[(one == other) & default] = DEFAULT
    levels[(one == 0) | (other == 0)] = 0
    return levels


def common_days(numbers: Ints) -> Ints:
    """Days of the year that are far too common, such as 01-01 where the day was not known: month * 100 + day.

    `numbers` as in `Day`.
    """
    told = numbers[numbers % 10000 > 0] % 10000
    counts = np.bincount(told, minlength=10000)
    return np.flatnonzero(counts > DEFAULT_LIFT * max(len(told), LEAST_DATES) / 366)


def _collision_bits(numbers: Ints) -> float:
    """Bits that two equal dates agree in by chance: Renyi's entropy of order 2."""
    counts = np.unique(numbers[numbers > 0], return_counts=True)[1].astype(float)
    return float(-np.log2(np.sum((counts / counts.sum()) ** 2))) if len(counts) > 1 else 0.0


def build(name: str, kind: int, column: pl.Series, day_first: bool | None = None) -> tuple[Day, float]:
    """The attribute of a column of text, and the share of its values that are dates. Takes two kinds."""
    parsed = days.parse(column, day_first)
    numbers = parsed.numbers.to_numpy()
    is_default = np.isin(numbers % 10000, common_days(numbers))
    found = Day(name, kind, numbers, is_default, _collision_bits(numbers), parsed.day_first)
    return found, parsed.share
