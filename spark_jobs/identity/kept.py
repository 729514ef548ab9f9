"""What a night remembers of its comparisons, so that the next one compares only what is new or changed.

How two records agree follows from both of them and from the frozen model, so it holds as long as they do. A
record's *situation* is all that bears on its place: what it says, whom identifiers and people put it with. A
night compares records in a new situation, and decides the components anew that such a record, or a pair that
is gone, has a part in. Every other cluster stays as it was decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from spark_jobs.identity.engine.arrays import Bools, Codes, Floats, Ints, Levels, contains, packed, unique

TIERS = ("strict", "loose")


@dataclass(frozen=True)
class Kept:
    """The named records of a night by its own numbers, and the pairs that were compared.

    `basis` names model, rules and decisions' way; `labels` has for each tier a record number of the same
    cluster, `own` how sure the strict place is (log-odds). `levels` has shape (fields, pairs); `in_block`
    says which pairs a common block brought together, not only neighbourhood or an identifier.
    """

    basis: str
    record_keys: pl.Series
    situations: Codes
    labels: dict[str, Ints]
    own: Floats
    left: Ints
    right: Ints
    levels: Levels
    in_block: Bools

    @cached_property
    def numbers(self) -> pl.DataFrame:
        """record_key, number, situation."""
        return pl.DataFrame({
            "record_key": self.record_keys, "number": np.arange(len(self.record_keys)),
            "situation": self.situations,
        })  # fmt: skip


@dataclass(frozen=True)
class Remembered:
    """What was kept, in the numbers of tonight.

    `touched`: records that are new or in a new situation. `codes` are the pairs of untouched records,
    ascending, with `levels` and `in_block`. `bereft`: untouched records that lost a pair, and with whom it
    was, -1 for a record that is gone or touched; `lost` are the levels of that pair. `now`: the number of
    tonight of each record that was kept, -1 for none.
    """

    touched: Bools
    codes: Codes
    levels: Levels
    in_block: Bools
    bereft: Ints
    lost: Levels
    now: Ints
    kept: Kept

    def labels(self, tier: str) -> Ints:
        """The smallest number of each untouched record's cluster; that of a touched one is its own."""
        count, stays = len(self.touched), np.flatnonzero(self.now >= 0)
        smallest = np.full(len(self.now), count, np.int64)
        np.minimum.at(smallest, self.kept.labels[tier][stays], self.now[stays])
        found = np.arange(count)
        found[self.now[stays]] = smallest[self.kept.labels[tier][stays]]
        return found

    def own(self) -> Floats:
        """The log-odds of each untouched record's place; 0 for touched ones."""
        found, stays = np.zeros(len(self.touched)), np.flatnonzero(self.now >= 0)
        found[self.now[stays]] = self.kept.own[stays]
        return found


def recall(kept: Kept, record_keys: pl.Series, situations: Codes) -> Remembered:
    """Find the records of the last night among those of tonight; both arrays have shape (named records,)."""
    tonight = pl.DataFrame({
        "record_key": record_keys, "now": np.arange(len(record_keys)), "situation": situations
    })  # fmt: skip
    same = kept.numbers.join(tonight, on=["record_key", "situation"]).select("number", "now").to_numpy()
    now = np.full(len(kept.record_keys), -1, np.int64)
    now[same[:, 0]] = same[:, 1]
    touched = np.ones(len(record_keys), bool)
    touched[same[:, 1]] = False
    one, other = now[kept.left], now[kept.right]
    stays = (one >= 0) & (other >= 0)
    codes = packed(np.minimum(one, other), np.maximum(one, other))[stays]
    order = np.argsort(codes)
    half = np.flatnonzero((one >= 0) ^ (other >= 0))
    return Remembered(
        touched, codes[order], kept.levels[:, stays][:, order], kept.in_block[stays][order],
        np.maximum(one, other)[half], kept.levels[:, half], now, kept,
    )  # fmt: skip


@dataclass(frozen=True)
class Tonight:
    """Pairs of tonight, ascending: which a block brought together, and which must be compared."""

    codes: Codes
    in_block: Bools
    is_known: Bools


def pairs(before: Remembered, found: Codes, by_window: Bools, also: Codes) -> Tonight:
    """Pairs that are kept, those found tonight, and those of identifiers."""
    together = unique(np.concatenate([before.codes[before.in_block], found[~by_window]]))
    codes = unique(np.concatenate([together, found[by_window], also]))
    return Tonight(codes, contains(codes, together), contains(codes, before.codes))
