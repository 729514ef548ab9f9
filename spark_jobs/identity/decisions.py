"""What people decided about two records: that they are one person, or that they are not.

The newest decision about a pair holds. That two records are not one beats every score and every link; that
they are one beats every contradiction, but not somebody's word that they are two.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from spark_jobs.identity.pairs import Ints, Pairs, ordered

MUST, CANNOT, FORGET = "must_link", "cannot_link", "forget"
PAIR = ["record_key_1", "record_key_2"]


def _nobody() -> Ints:
    return np.empty(0, np.int64)


@dataclass(frozen=True)
class Decisions:
    """Pairs of record numbers, the smaller one left."""

    must: Pairs = field(default_factory=lambda: (_nobody(), _nobody()))
    cannot: Pairs = field(default_factory=lambda: (_nobody(), _nobody()))

    @property
    def count(self) -> int:
        """Pairs somebody decided about."""
        return len(self.must[0]) + len(self.cannot[0])


def newest(rows: pl.DataFrame) -> pl.DataFrame:
    """The decision that holds for each pair; pairs whose decision was taken back are left out.

    `rows`: record_key_1, record_key_2 (the smaller key first), decision, decided_at, decision_id.
    """
    order = rows.sort("decided_at", "decision_id")
    last = order.group_by(PAIR, maintain_order=True).last()
    return last.filter(pl.col("decision") != FORGET).sort(PAIR)


def numbered(rows: pl.DataFrame, record_keys: pl.Series) -> Decisions:
    """The decisions that hold, about records that exist; `record_keys` in the order of their numbers."""
    number = pl.DataFrame({"key": record_keys, "number": np.arange(len(record_keys))})
    held = newest(rows)
    for side in PAIR:
        held = held.join(number.rename({"key": side, "number": f"{side}_number"}), on=side)

    def pairs(decision: str) -> Pairs:
        of_kind = held.filter(pl.col("decision") == decision).sort(PAIR)
        return ordered(*(of_kind[f"{side}_number"].to_numpy().astype(np.int64) for side in PAIR))

    return Decisions(pairs(MUST), pairs(CANNOT))
