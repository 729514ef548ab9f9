"""What churn is: no purchase within the horizon."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.common.boosting import Numbers
from models.common.leaks import Events

# What a marketer has without a model: recency, frequency, monetary value.
RFM = ("days_since_last_order", "orders_90d", "spend_90d")


def has_churned(rows: pl.DataFrame) -> Events:
    """Whether each row's customer bought nothing within the horizon."""
    return (rows["outcome_orders"] == 0).to_numpy()


def outcome(rows: pl.DataFrame) -> Numbers:
    """1 for churned, 0 for stayed."""
    return has_churned(rows).astype(np.float64)


def events(rows: pl.DataFrame) -> dict[str, Events]:
    """The yes/no outcomes that a leak would give away."""
    return {"no purchase": has_churned(rows)}
