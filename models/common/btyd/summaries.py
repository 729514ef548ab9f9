"""What the models know of a customer: repeat purchases, the last one, and since when it is a customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
LOOK = 10_000  # When so many of many differ, times are exact, and putting equal ones together gains nothing.


@dataclass(frozen=True)
class Summaries:
    """Rows of (x, t_x, T) with how many customers share them, times in one unit.

    `frequency` x counts repeat purchases, the first one not among them; `recency` t_x is the age at the last
    purchase, 0 without a repeat; `age` T is the time since the first purchase.
    """

    frequency: Numbers
    recency: Numbers
    age: Numbers
    weight: Numbers

    @property
    def count(self) -> float:
        """How many customers."""
        return float(self.weight.sum())

    def sample(self, rows: int, seed: int = 1) -> Summaries:
        """So many of the rows, drawn evenly; all when there are no more."""
        if len(self.frequency) <= rows:
            return self
        drawn = np.random.default_rng(seed).choice(len(self.frequency), rows, replace=False)
        return Summaries(*(each[drawn] for each in (self.frequency, self.recency, self.age, self.weight)))


def of(frequency: Numbers, recency: Numbers, age: Numbers) -> Summaries:
    """Customers put together by equal summaries: a million with times in days are some ten thousand rows.

    Raises ValueError for a summary that cannot be: negative, a repeat without recency, a last purchase after
    the end.
    """
    x, last, end = (np.asarray(each, dtype=np.float64) for each in (frequency, recency, age))
    is_wrong = (x < 0) | (last < 0) | (last > end) | ((x == 0) & (last > 0)) | (x != np.floor(x))
    if is_wrong.any() or not (np.isfinite(last).all() and np.isfinite(end).all()):
        raise ValueError(f"{int(is_wrong.sum())} summaries of purchases are impossible")
    frame = pl.DataFrame({"x": x, "last": last, "end": end})
    if frame.height > LOOK and frame.head(LOOK).is_unique().all():
        return Summaries(x, last, end, np.ones(len(x)))
    counted = frame.group_by("x", "last", "end").len("weight")
    ordered = counted.sort("x", "last", "end").cast(pl.Float64)
    return Summaries(*(ordered[name].to_numpy() for name in ("x", "last", "end", "weight")))
