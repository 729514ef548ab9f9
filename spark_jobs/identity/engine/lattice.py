"""The walk through the blocking lattice: single keys, hot keys in pairs, hot pairs with a third key.

What is taken and what is hot is the walker's business (`blocking`): it sees every level once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spark_jobs.identity.engine.arrays import Bools, Codes, Ints, mixed
from spark_jobs.identity.engine.attribute import Attribute, Keys

MOST_HOT = 8  # hot keys of a record that are combined, those of the smallest blocks
MOST_KEYS = 3  # keys that are combined at most
_LARGEST = (1 << 20) - 1
ROWS_AT_ONCE = 12_000_000  # combined keys that are grouped at a time: about 300 MB


@dataclass(frozen=True)
class Blocks:
    """One row per record and key."""

    records: Ints
    codes: Codes
    families: Ints
    pairs_up: Bools

    @classmethod
    def of(cls, attributes: Sequence[Attribute], key: bytes, least: int = 2) -> Blocks:
        """The keys of all attributes; `key` keys their codes. See `Attribute.blocking_keys` for `least`."""
        keys: list[Keys] = [
            found for attribute in attributes for found in attribute.blocking_keys(key, least)
        ]
        names = {name: number for number, name in enumerate(dict.fromkeys(each.family for each in keys))}
        return cls(
            np.concatenate([each.records for each in keys]).astype(np.uint32),
            np.concatenate([each.codes for each in keys]),
            np.concatenate([np.full(len(each.codes), names[each.family], np.uint8) for each in keys]),
            np.concatenate([np.full(len(each.codes), each.pairs_up) for each in keys]),
        )

    def at(self, rows: Ints | Bools) -> Blocks:
        """Some of the rows."""
        return Blocks(self.records[rows], self.codes[rows], self.families[rows], self.pairs_up[rows])


class Walker(Protocol):
    """Takes what it wants of a level."""

    def level(self, depth: int, records: Ints, codes: Codes, shares: int) -> Ints:
        """How hot each row of a level is: 0 for a cold key, and the hotter the later it is combined.

        A level of many rows comes in several `shares`, each code in one of them.
        """

    def deepest(self, records: Ints, codes: Codes) -> None:
        """What is hot and is combined no further."""


@dataclass(frozen=True)
class _Combined:
    """Combined keys: the rows of `Blocks` that each is made of, shape (combined, keys), and its code."""

    rows: NDArray[np.uint32]
    codes: Codes


def walk(blocks: Blocks, walker: Walker) -> None:
    """Show the walker every level."""
    hot = _hot_keys(blocks, walker.level(1, blocks.records, blocks.codes, 1))
    del blocks
    if len(hot.records):
        _descend(hot, (np.arange(len(hot.records)),), walker)


def _hot_keys(blocks: Blocks, heat: Ints) -> Blocks:
    """The hot keys of each record, those of the smallest blocks first, at most MOST_HOT."""
    hot = np.flatnonzero(heat)
    size = np.minimum(heat[hot], _LARGEST).astype(np.uint64)
    # One number to sort by: record, then size of the block, then the code where sizes are the same.
    rank = blocks.records[hot].astype(np.uint64) << np.uint64(32) | size << np.uint64(12)
    order = hot[np.argsort(rank | blocks.codes[hot] >> np.uint64(52), kind="stable")]
    records = blocks.records[order]
    is_first = np.concatenate([[True], records[1:] != records[:-1]]) if len(records) else np.empty(0, bool)
    at = np.arange(len(records))
    rank = at - np.maximum.accumulate(np.where(is_first, at, 0)) if len(records) else at
    return blocks.at(order[rank < MOST_HOT])


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


def _descend(hot: Blocks, starts: tuple[Ints, ...], walker: Walker) -> None:
    """Combine groups of keys with one more; what stays hot goes deeper."""
    ends, shares = starts[-1], _shares(hot, len(starts[-1]))
    depth, still_hot = len(starts) + 1, []
    for share in range(shares):
        found = _extended(hot, ends, starts, share, shares)
        records = hot.records[found.rows[:, 0]]
        is_hot = walker.level(depth, records, found.codes, shares) > 0
        if depth == MOST_KEYS:
            walker.deepest(records[is_hot], found.codes[is_hot])
        else:
            still_hot.append(found.rows[is_hot])
    if still_hot and (rows := np.concatenate(still_hot)).size:
        _descend(hot, tuple(rows[:, at].astype(np.int64) for at in range(rows.shape[1])), walker)
