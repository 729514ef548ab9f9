"""How a customer buys a thing, be it a product, a kind or a brand: how often, how lately, how due."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.recommender.purchases import Purchases, distinct

HALF_LIVES_DAYS = (10, 30, 90)
WINDOWS_DAYS = (28, 84, 182)
# Nothing here grows with the age of the shop's data: trees would read the date of a cut-off from it.
MOST_DAYS = 182
NAMES = (
    *(f"days_half_life_{days}" for days in HALF_LIVES_DAYS),
    *(f"days_{days}d" for days in WINDOWS_DAYS),
    "days_since_last",
    "days_since_first",
    "mean_gap_days",
    "due",  # days since the last purchase, in mean gaps
)


@dataclass(frozen=True)
class Habits:
    """One row per customer and thing that the customer bought, sorted by key; columns as NAMES."""

    keys: NDArray[np.int64]  # customer * count_things + thing
    count_things: int
    columns: NDArray[np.float32]

    def of(self, customer: NDArray[np.int64], thing: NDArray[np.int64]) -> NDArray[np.float32]:
        """The rows of these pairs, x NAMES; counts 0 and the rest NaN for what was never bought."""
        empty = np.full((len(customer), len(NAMES)), np.nan, dtype=np.float32)
        empty[:, : len(HALF_LIVES_DAYS) + len(WINDOWS_DAYS)] = 0.0
        if len(self.keys) == 0:
            return empty
        wanted = customer * self.count_things + thing
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where((self.keys[place] == wanted)[:, None], self.columns[place], empty)


def _summed(weights: NDArray[np.float64], first: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.add.reduceat(weights, first) if len(first) else np.zeros(0)


def habits(purchases: Purchases, things: NDArray[np.int64], count_things: int) -> Habits:
    """Habits by `things`, the number of the thing that each product belongs to."""
    count_days = int(purchases.age_days.max(initial=0)) + 1
    pair = purchases.customer * count_things + things[purchases.product]
    days = distinct(pair * count_days + (count_days - 1 - purchases.age_days))
    keys, day = np.divmod(days, count_days)
    age = (count_days - 1 - day).astype(np.float64)
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    last = np.append(first[1:], len(keys)) - 1
    count = (last - first + 1).astype(np.float64)[: len(first)]
    since_first, since_last = age[first], age[last[: len(first)]]
    gap = np.divide(since_first - since_last, count - 1, out=np.full(len(first), np.nan), where=count > 1)
    columns = [
        *(_summed(np.power(0.5, age / days), first) for days in HALF_LIVES_DAYS),
        *(_summed((age <= days).astype(np.float64), first) for days in WINDOWS_DAYS),
        np.minimum(since_last, MOST_DAYS),
        np.minimum(since_first, MOST_DAYS),
        gap,
        since_last / gap,
    ]
    return Habits(keys[first], count_things, np.column_stack(columns).astype(np.float32))
