"""Candidate pairs: a lattice of blocking keys in which no block can explode.

A block of at most `cap` records is compared whole. Only keys whose block is larger (hot) are combined, two of
a record at a time, and only hot pairs of keys with a third. What is still hot is sorted, and each record
meets its next neighbours. So pairs grow with the records, not with the square of a block, and there is one
number to set: the largest cap whose pairs stay within a budget.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spark_jobs.identity.engine.arrays import Bools, Codes, Ints, mixed, packed, ranges, unique
from spark_jobs.identity.engine.attribute import Attribute, Keys

CAPS = (200, 150, 100, 80, 60, 45, 30, 20, 15, 10, 8, 6, 4)
PAIRS_PER_RECORD, LEAST_PAIRS = 6.0, 500_000  # the budget: so many, and so many more
OVERLAP = 6.0  # blocks that a pair is in on average, at most
SAMPLE = 16  # one in so many records is looked at to choose the cap
WINDOW = 4
MOST_HOT = 8  # hot keys of a record that are combined, those of the smallest blocks
MOST_KEYS = 3  # keys that are combined at most
ROWS_AT_ONCE = 12_000_000  # combined keys that are grouped at a time: about 300 MB


@dataclass(frozen=True)
class Blocks:
    """One row per record and key."""

    records: Ints
    codes: Codes
    families: Ints
    pairs_up: Bools


@dataclass(frozen=True)
class _Combined:
    """Combined keys: the rows of `Blocks` that each is made of, shape (combined, keys), and its code."""

    rows: NDArray[np.uint32]
    codes: Codes


@dataclass(frozen=True)
class Candidates:
    """Pairs of record numbers, ascending by the left then the right; what was chosen and how far it went."""

    codes: Codes
    cap: int
    largest_block: int
    windowed: int


def _gathered(keys: list[Keys]) -> Blocks:
    names = {name: number for number, name in enumerate(dict.fromkeys(key.family for key in keys))}
    records = np.concatenate([key.records for key in keys]).astype(np.uint32)
    codes = np.concatenate([key.codes for key in keys])
    families = np.concatenate([np.full(len(key.codes), names[key.family], np.uint8) for key in keys])
    pairs_up = np.concatenate([np.full(len(key.codes), key.pairs_up) for key in keys])
    return Blocks(records, codes, families, pairs_up)


def _sizes(codes: Codes) -> Ints:
    """How many rows have the code of each row."""
    return pl.DataFrame({"code": codes}).select(pl.len().over("code")).to_series().to_numpy()


@dataclass(frozen=True)
class _Sorted:
    """Rows of keys, block after block: the records, and for each row where its block starts and its size."""

    records: Ints
    first: Ints
    sizes: Ints

    @classmethod
    def of(cls, records: Ints, codes: Codes, sizes: Ints) -> _Sorted:
        """Sort by block."""
        order = np.argsort(codes, kind="stable")
        starts = np.concatenate([[True], codes[order][1:] != codes[order][:-1]])[: len(order)]
        first = np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
        return cls(records[order].astype(np.int64), first, sizes[order].astype(np.int64))


def _overcounted(sizes: Ints, cap: int) -> float:
    """Pairs in blocks up to the cap, those of several blocks counted in each."""
    return float(((sizes[sizes <= cap].astype(np.float64) - 1) / 2).sum())


def _distinct(rows: _Sorted, cap: int) -> float:
    """About how many different pairs the blocks up to the cap hold, from one in SAMPLE records."""
    at = np.flatnonzero((rows.sizes > 1) & (rows.sizes <= cap) & (rows.records % SAMPLE == 0))
    other = rows.records[ranges(rows.first[at], rows.sizes[at])]
    codes = unique(packed(np.repeat(rows.records[at], rows.sizes[at]), other))
    return max(len(codes) - len(np.unique(rows.records[at])), 0) * SAMPLE / 2


def _first_cap(blocks: Blocks, sizes: Ints, budget: float) -> int:
    """The largest cap whose blocks of single keys stay within the budget of different pairs."""
    several = (sizes > 1) & (sizes <= CAPS[0])
    rows = _Sorted.of(blocks.records[several], blocks.codes[several], sizes[several])
    for cap in CAPS[:-1]:
        if _overcounted(sizes, cap) <= OVERLAP * budget and _distinct(rows, cap) <= budget:
            return cap
    return CAPS[-1]


def _deeper_cap(sizes: Ints, most: int, budget: float) -> int:
    """The largest cap up to `most` whose blocks stay within the budget."""
    fits = [cap for cap in CAPS if cap <= most and _overcounted(sizes, cap) <= budget]
    return fits[0] if fits else CAPS[-1]


def _within(records: Ints, codes: Codes, sizes: Ints) -> Codes:
    """All pairs of records of one block; every block has at least two rows."""
    rows = _Sorted.of(records, codes, sizes)
    at = np.arange(len(records))
    behind = rows.first + rows.sizes - 1 - at  # rows of the block after each
    one, other = np.repeat(rows.records, behind), rows.records[ranges(at + 1, behind)]
    different = one != other
    one, other = one[different], other[different]
    return unique(packed(np.minimum(one, other), np.maximum(one, other)))


def _neighbours(records: Ints, codes: Codes, nearness: Ints) -> Codes:
    """Pairs of records of one block that stand near each other in it."""
    order = np.lexsort((nearness[records], codes))
    records, codes = records[order].astype(np.int64), codes[order]
    found = []
    for reach in range(1, WINDOW + 1):
        same = (codes[reach:] == codes[:-reach]) & (records[reach:] != records[:-reach])
        one, other = records[:-reach][same], records[reach:][same]
        found.append(packed(np.minimum(one, other), np.maximum(one, other)))
    return unique(np.concatenate(found))


class _Lattice:
    """Collects pairs level by level."""

    def __init__(self, cap: int, budget: float) -> None:
        self.cap, self.budget, self.largest, self.windowed = cap, budget, 0, 0
        self.found = [np.empty(0, np.uint64)]

    def take(self, records: Ints, codes: Codes, sizes: Ints, cap: int) -> Bools:
        """Take the pairs of the blocks that are small enough. Returns which rows are in larger ones."""
        whole = (sizes > 1) & (sizes <= cap)
        self.largest = max(self.largest, int(sizes[whole].max(initial=0)))
        self.found.append(_within(records[whole], codes[whole], sizes[whole]))
        return sizes > cap

    def walk(self, records: Ints, codes: Codes, nearness: Ints) -> None:
        """Take pairs of neighbours in blocks that cannot be split any more."""
        if len(records):
            self.windowed += len(np.unique(records))
            self.found.append(_neighbours(records, codes, nearness))

    def pairs(self) -> Codes:
        """Every pair once."""
        return unique(np.concatenate(self.found))


def _hot_keys(blocks: Blocks, sizes: Ints, cap: int) -> Blocks:
    """The hot keys of each record, those of the smallest blocks first, at most MOST_HOT."""
    hot = np.flatnonzero(sizes > cap)
    order = hot[np.lexsort((blocks.codes[hot], sizes[hot], blocks.records[hot]))]
    records = blocks.records[order]
    is_first = np.concatenate([[True], records[1:] != records[:-1]]) if len(records) else np.empty(0, bool)
    at = np.arange(len(records))
    rank = at - np.maximum.accumulate(np.where(is_first, at, 0)) if len(records) else at
    order = order[rank < MOST_HOT]
    return Blocks(blocks.records[order], blocks.codes[order], blocks.families[order], blocks.pairs_up[order])


def _fit(hot: Blocks, one: Ints, other: Ints) -> Bools:
    """Which key rows say different things."""
    return (hot.families[one] != hot.families[other]) | (hot.pairs_up[one] & hot.pairs_up[other])


def _extended(hot: Blocks, ends: Ints, starts: tuple[Ints, ...], share: int, shares: int) -> _Combined:
    """Combine each group of keys (`starts`, the last one at `ends`) with every later key of its record.

    Only those whose code falls into the share are made: all shares together never stand in memory.
    """
    rows, codes, base = [], [], _together(hot, starts)
    for reach in range(1, MOST_HOT):
        at = np.flatnonzero(ends + reach < len(hot.records))
        at = at[hot.records[ends[at]] == hot.records[ends[at] + reach]]
        if not len(at):
            break
        third = ends[at] + reach
        for start in starts:
            fits = _fit(hot, start[at], third)
            at, third = at[fits], third[fits]
        code = mixed(base[at] + hot.codes[third])
        mine = code % np.uint64(shares) == share
        rows.append(np.column_stack([*(start[at[mine]] for start in starts), third[mine]]).astype(np.uint32))
        codes.append(code[mine])
    width = len(starts) + 1
    return _Combined(
        np.concatenate([np.empty((0, width), np.uint32), *rows]),
        np.concatenate([np.empty(0, np.uint64), *codes]),
    )


def _together(hot: Blocks, rows: tuple[Ints, ...]) -> Codes:
    """One code for the keys of each group, whatever their order."""
    with np.errstate(over="ignore"):
        return np.asarray(np.sum([hot.codes[row] for row in rows], axis=0, dtype=np.uint64))


def _shares(hot: Blocks, groups: int) -> int:
    """In how many goes to group, when each group meets half of its record's other keys."""
    per_record = len(hot.records) / max(len(np.unique(hot.records)), 1)
    return int(groups * per_record / 2 // ROWS_AT_ONCE) + 1


def _descend(hot: Blocks, starts: tuple[Ints, ...], lattice: _Lattice, nearness: Ints) -> None:
    """Combine groups of keys with one more; what stays hot goes deeper, in the end to its neighbours."""
    ends, shares = starts[-1], _shares(hot, len(starts[-1]))
    still_hot, cap = [], lattice.cap
    for share in range(shares):
        found = _extended(hot, ends, starts, share, shares)
        records, sizes = hot.records[found.rows[:, 0]], _sizes(found.codes)
        if not share:  # codes are spread evenly: one share is like another
            cap = _deeper_cap(sizes, lattice.cap, lattice.budget / shares)
        left = lattice.take(records, found.codes, sizes, cap)
        if found.rows.shape[1] == MOST_KEYS:
            lattice.walk(records[left], found.codes[left], nearness)
        else:
            still_hot.append(found.rows[left])
    if still_hot and (rows := np.concatenate(still_hot)).size:
        _descend(hot, tuple(rows[:, at].astype(np.int64) for at in range(rows.shape[1])), lattice, nearness)


def find(attributes: list[Attribute], nearness: Ints, budget: float | None = None) -> Candidates:
    """Every pair of records that the lattice brings together, once.

    `nearness`: the rank of each record in an order that brings like records near each other.
    """
    budget = budget or LEAST_PAIRS + PAIRS_PER_RECORD * len(nearness)
    blocks = _gathered([key for attribute in attributes for key in attribute.blocking_keys()])
    sizes = _sizes(blocks.codes)
    cap = _first_cap(blocks, sizes, budget)
    lattice = _Lattice(cap, budget)
    lattice.take(blocks.records, blocks.codes, sizes, cap)
    hot = _hot_keys(blocks, sizes, cap)
    del blocks, sizes
    if len(hot.records):
        _descend(hot, (np.arange(len(hot.records)),), lattice, nearness)
    return Candidates(lattice.pairs(), cap, lattice.largest, lattice.windowed)
