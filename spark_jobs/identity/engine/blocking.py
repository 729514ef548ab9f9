"""Candidate pairs: a lattice of blocking keys in which no block can explode.

A block of at most `cap` records is compared whole. Only keys whose block is larger (hot) are combined, two of
a record at a time, and only hot pairs of keys with a third. What is still hot is sorted, and each record
meets its next neighbours. So pairs grow with the records, not with the square of a block, and there is one
number to set: the largest cap whose pairs stay within a budget.

`find` chooses the caps and tells which keys were hot; `again` finds the pairs with hot keys that are frozen,
`touching` only those of some records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from spark_jobs.identity.engine import lattice
from spark_jobs.identity.engine.arrays import Bools, Codes, Floats, Ints, contains, packed, ranges, unique
from spark_jobs.identity.engine.attribute import Attribute
from spark_jobs.identity.engine.heat import Heat
from spark_jobs.identity.engine.lattice import Blocks

CAPS = (200, 150, 100, 80, 60, 45, 30, 20, 15, 10, 8, 6, 4)
PAIRS_PER_RECORD, LEAST_PAIRS = 6.0, 500_000  # the budget: so many, and so many more
OVERLAP = 6.0  # blocks that a pair is in on average, at most
SAMPLE = 16  # one in so many records is looked at to choose the cap
WINDOW = 4
GROWN = 4  # a block that grew to so many times the frozen cap is no longer compared


@dataclass(frozen=True)
class Candidates:
    """Pairs of record numbers, ascending by the left then the right; what was chosen and how far it went.

    `by_window`: which pairs met as neighbours only. `overgrown`: rows of blocks that outgrew a frozen cap, of
    which nothing was compared: the model should be estimated anew.
    """

    codes: Codes
    by_window: Bools
    heat: Heat
    largest_block: int
    windowed: int
    overgrown: int = 0

    @property
    def cap(self) -> int:
        """The largest block of a single key that is compared whole."""
        return self.heat.caps[0]


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
        order = np.argsort(codes)
        starts = np.concatenate([[True], codes[order][1:] != codes[order][:-1]])[: len(order)]
        first = np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
        return cls(records[order].astype(np.int64), first, sizes[order].astype(np.int64))


def _overcounted(sizes: Ints) -> Floats:
    """Pairs in blocks up to each size, those of several blocks counted in each."""
    rows = np.bincount(np.minimum(sizes, CAPS[0] + 1), minlength=CAPS[0] + 2)
    pairs = rows * (np.arange(len(rows)) - 1) / 2
    pairs[0] = 0.0
    return np.cumsum(pairs)


def _distinct(rows: _Sorted, cap: int) -> float:
    """About how many different pairs the blocks up to the cap hold, from one in SAMPLE records."""
    at = np.flatnonzero((rows.sizes > 1) & (rows.sizes <= cap) & (rows.records % SAMPLE == 0))
    other = rows.records[ranges(rows.first[at], rows.sizes[at])]
    codes = unique(packed(np.repeat(rows.records[at], rows.sizes[at]), other))
    return max(len(codes) - len(np.unique(rows.records[at])), 0) * SAMPLE / 2


def _first_cap(records: Ints, codes: Codes, sizes: Ints, budget: float) -> int:
    """The largest cap whose blocks of single keys stay within the budget of different pairs."""
    several = (sizes > 1) & (sizes <= CAPS[0])
    rows = _Sorted.of(records[several], codes[several], sizes[several])
    pairs = _overcounted(sizes)
    for cap in CAPS[:-1]:
        if pairs[cap] <= OVERLAP * budget and _distinct(rows, cap) <= budget:
            return cap
    return CAPS[-1]


def _deeper_cap(sizes: Ints, most: int, budget: float) -> int:
    """The largest cap up to `most` whose blocks stay within the budget."""
    pairs = _overcounted(sizes)
    fits = [cap for cap in CAPS if cap <= most and pairs[cap] <= budget]
    return fits[0] if fits else CAPS[-1]


def _within(records: Ints, codes: Codes, sizes: Ints) -> Codes:
    """All pairs of records of one block; every block has at least two rows."""
    rows = _Sorted.of(records, codes, sizes)
    at = np.arange(len(records))
    behind = rows.first + rows.sizes - 1 - at  # rows of the block after each
    return _pairs(np.repeat(rows.records, behind), rows.records[ranges(at + 1, behind)])


def _pairs(one: Ints, other: Ints) -> Codes:
    """Each pair of different records once."""
    different = one != other
    one, other = one[different], other[different]
    return unique(packed(np.minimum(one, other), np.maximum(one, other)))


def _neighbours(records: Ints, codes: Codes, nearness: Ints) -> Codes:
    """Pairs of records of one block that stand near each other in it."""
    order = np.lexsort((nearness[records], codes))
    records, codes = records[order].astype(np.int64), codes[order]
    found = []
    for reach in range(1, WINDOW + 1):
        same = codes[reach:] == codes[:-reach]
        found.append(_pairs(records[:-reach][same], records[reach:][same]))
    return unique(np.concatenate(found))


class _Walk:
    """Collects pairs level by level, in the blocks and among the neighbours of those that stay hot."""

    def __init__(self, nearness: Ints) -> None:
        self.nearness, self.largest, self.windowed, self.overgrown = nearness, 0, 0, 0
        self.together, self.near = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]

    def take(self, records: Ints, codes: Codes, sizes: Ints) -> None:
        """Take the pairs of blocks of two and more records."""
        self.largest = max(self.largest, int(sizes.max(initial=0)))
        self.together.append(_within(records, codes, sizes))

    def deepest(self, records: Ints, codes: Codes) -> None:
        """Take pairs of neighbours in blocks that cannot be split any more."""
        if len(records):
            self.windowed += len(np.unique(records))
            self.near.append(_neighbours(records, codes, self.nearness))

    def candidates(self, heat: Heat) -> Candidates:
        """Every pair once."""
        together = unique(np.concatenate(self.together))
        codes = unique(np.concatenate([together, *self.near])) if len(self.near) > 1 else together
        by_window = ~contains(codes, together) if len(self.near) > 1 else np.zeros(len(codes), bool)
        return Candidates(codes, by_window, heat, self.largest, self.windowed, self.overgrown)


class _Learning(_Walk):
    """Chooses the caps by a budget of pairs, and notes what is hot."""

    def __init__(self, nearness: Ints, budget: float) -> None:
        super().__init__(nearness)
        self.budget, self.caps = budget, [0] * lattice.MOST_KEYS
        self.hot: list[list[Codes]] = [[np.empty(0, np.uint64)] for _ in range(lattice.MOST_KEYS)]
        self.sizes = np.empty(0, np.int64)

    def level(self, depth: int, records: Ints, codes: Codes, shares: int) -> Ints:
        """See `lattice.Walker`."""
        sizes = _sizes(codes)
        if not self.caps[depth - 1]:  # codes are spread evenly: one share is like another
            self.caps[depth - 1] = (
                _first_cap(records, codes, sizes, self.budget) if depth == 1
                else _deeper_cap(sizes, self.caps[depth - 2], self.budget / shares)
            )  # fmt: skip
        cap = self.caps[depth - 1]
        whole, hot = (sizes > 1) & (sizes <= cap), sizes > cap
        self.take(records[whole], codes[whole], sizes[whole])
        distinct, counts = np.unique(codes[hot], return_counts=True)
        self.hot[depth - 1].append(distinct)
        if depth == 1:
            self.sizes = counts.astype(np.int64)
        return np.where(hot, sizes, 0)

    def heat(self) -> Heat:
        """What was hot; a level that was never reached has the cap of the one above."""
        caps = np.minimum.accumulate([cap or CAPS[0] for cap in self.caps])
        return Heat(
            tuple(caps.tolist()), tuple(unique(np.concatenate(codes)) for codes in self.hot), self.sizes
        )


class Frozen(_Walk):
    """Goes by what was hot when the model was frozen."""

    def __init__(self, nearness: Ints, heat: Heat) -> None:
        super().__init__(nearness)
        self.heat = heat

    def level(self, depth: int, records: Ints, codes: Codes, shares: int) -> Ints:
        """See `lattice.Walker`."""
        hot = self.heat.is_hot(depth, codes)
        self.cold(depth, records[~hot], codes[~hot])
        found = hot.astype(np.int64)
        if depth == 1:
            found[hot] = self.heat.sizes_of(codes[hot])
        return found

    def cold(self, depth: int, records: Ints, codes: Codes) -> None:
        """Take the blocks whole, but for those that grew too large."""
        sizes = _sizes(codes)
        large = sizes > GROWN * self.heat.caps[depth - 1]
        self.overgrown += int(large.sum())
        whole = (sizes > 1) & ~large
        self.take(records[whole], codes[whole], sizes[whole])


class Leaves(Frozen):
    """Notes the cold keys of some records."""

    def __init__(self, heat: Heat) -> None:
        super().__init__(np.empty(0, np.int64), heat)
        self.codes: list[list[Codes]] = [[] for _ in range(lattice.MOST_KEYS)]

    def cold(self, depth: int, records: Ints, codes: Codes) -> None:
        """Note them."""
        self.codes[depth - 1].append(codes)

    def deepest(self, records: Ints, codes: Codes) -> None:
        """Neighbours are looked for among all records."""


class _Touching(Frozen):
    """Takes the pairs of touched records alone, and all neighbours."""

    def __init__(self, nearness: Ints, heat: Heat, leaves: Leaves, touched: Bools) -> None:
        super().__init__(nearness, heat)
        self.touched = touched
        self.leaves = [unique(np.concatenate([np.empty(0, np.uint64), *codes])) for codes in leaves.codes]

    def cold(self, depth: int, records: Ints, codes: Codes) -> None:
        """Take the blocks of touched records."""
        mine = np.flatnonzero(contains(codes, self.leaves[depth - 1]))
        super().cold(depth, records[mine], codes[mine])

    def take(self, records: Ints, codes: Codes, sizes: Ints) -> None:
        """Each touched record with the others of its block."""
        rows = _Sorted.of(records, codes, sizes)
        at = np.flatnonzero(self.touched[rows.records])
        others = rows.records[ranges(rows.first[at], rows.sizes[at])]
        self.together.append(_pairs(np.repeat(rows.records[at], rows.sizes[at]), others))


def find(
    attributes: Sequence[Attribute], nearness: Ints, budget: float | None = None, key: bytes = b""
) -> Candidates:
    """Every pair of records that the lattice brings together, once.

    `nearness`: the rank of each record in an order that brings like records near each other; `key` keys the
    codes of the keys.
    """
    walker = _Learning(nearness, budget or LEAST_PAIRS + PAIRS_PER_RECORD * len(nearness))
    lattice.walk(Blocks.of(attributes, key), walker)
    return walker.candidates(walker.heat())


def again(attributes: Sequence[Attribute], nearness: Ints, heat: Heat, key: bytes = b"") -> Candidates:
    """As `find`, with the caps and hot keys of an earlier day."""
    walker = Frozen(nearness, heat)
    lattice.walk(Blocks.of(attributes, key), walker)
    return walker.candidates(heat)


def touching(
    attributes: Sequence[Attribute], nearness: Ints, heat: Heat, touched: Bools, key: bytes = b""
) -> Candidates:
    """Of the pairs that `again` would find those of touched records, and those of neighbours."""
    blocks, leaves = Blocks.of(attributes, key), Leaves(heat)
    lattice.walk(blocks.at(touched[blocks.records]), leaves)
    walker = _Touching(nearness, heat, leaves, touched)
    lattice.walk(blocks, walker)
    return walker.candidates(heat)
