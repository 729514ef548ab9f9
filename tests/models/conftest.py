"""Shoppers whose future is known by construction: each has a rate, and buys by it before and after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
import pytest

from models.common.training_sets import TrainingSet

CUTOFFS = [date(2025, month, 1) for month in range(3, 10)]


def _rows(rng: np.random.Generator, cutoff: date, rates: np.ndarray) -> pl.DataFrame:
    """One row per shopper; `rates` are orders a month, each order is worth 20 on average."""
    orders_90d = rng.poisson(3 * rates)
    after = rng.poisson(rates)
    has_history = rates > 0
    return pl.DataFrame(
        {
            "customer_id": [f"C{i:05d}" for i in range(len(rates))],
            "as_of_date": [cutoff] * len(rates),
            "orders_90d": orders_90d.astype(float),
            "spend_90d": orders_90d * rng.gamma(4, 5, len(rates)),
            "days_since_last_order": np.where(
                has_history, np.floor(rng.exponential(30 / (rates + 0.1))) + 1, np.nan
            ),
            "chance": rng.normal(size=len(rates)),
            "outcome_orders": after.astype(float),
            "outcome_spend": after * rng.gamma(4, 5, len(rates)),
        }
    ).with_columns(pl.col("days_since_last_order").fill_nan(None))


@pytest.fixture(scope="session")
def shoppers() -> Callable[..., TrainingSet]:
    """A training set of `count` shoppers at seven monthly cut-offs; one in ten never bought."""

    def make(count: int = 300, seed: int = 1) -> TrainingSet:
        rng = np.random.default_rng(seed)
        rates = rng.gamma(1.2, 1.6, count) * (np.arange(count) % 10 > 0)
        frame = pl.concat([_rows(rng, cutoff, rates) for cutoff in CUTOFFS])
        names = tuple(
            c for c in frame.columns if c not in ("customer_id", "as_of_date") and "outcome" not in c
        )
        return TrainingSet(frame, names, {"gold.customer_features": 3})

    return make
