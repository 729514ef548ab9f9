"""What every attribute of a record can do: be compared, and give keys to block on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from spark_jobs.identity.engine.arrays import Bools, Codes, Floats, Ints, Levels, mixed


@dataclass(frozen=True)
class Keys:
    """Blocking keys, one entry per record and key: record numbers and codes.

    Two keys of one record are combined when their families differ, or when the family `pairs_up`.
    """

    family: str
    records: Ints
    codes: Codes
    pairs_up: bool = False


class Attribute(Protocol):
    """A variable that is compared as a whole. Level 0 says that one side has no value."""

    @property
    def name(self) -> str:
        """Of the role, and of the column where a role has one attribute for each column."""

    @property
    def bits(self) -> Floats:
        """Shape (levels,): about how many bits agree at each level, 0 for none. EM starts from them."""

    @property
    def runs_in_families(self) -> bool:
        """Whether people of one household share it: surname, address, telephone."""

    @property
    def groups(self) -> Ints:
        """Shape (levels,): levels of one group are shares of a whole; which group applies is no evidence."""

    @property
    def contradicts(self) -> Bools:
        """Shape (levels,): which levels speak against one person."""

    def compare(self, left: Ints, right: Ints) -> Levels:
        """The level of each pair of record numbers."""

    def describe(self, level: int) -> str:
        """A level in words."""

    def blocking_keys(self, key: bytes, least: int) -> list[Keys]:
        """What to block on; `key` keys the codes, which follow from what a record says alone.

        Values that stand fewer than `least` times are left out: a value of one record finds nobody.
        """

    def sorted_by(self) -> list[Ints]:
        """Columns that bring like records near each other when sorted by them."""

    def only(self, records: Ints) -> Attribute:
        """Of some of the records, numbered anew in the order given."""


def often(values: int, codes: Ints, least: int) -> Ints:
    """Which of so many values stand `least` times and more in `codes`, -1 for none."""
    return np.flatnonzero(np.bincount(codes[codes >= 0].ravel(), minlength=values) >= least)


def key_codes(kind: int, codes: Codes) -> Codes:
    """Codes that never meet those of another kind (up to chance of 2^-64)."""
    return mixed(codes ^ mixed(np.array([kind], np.uint64)))
