"""What value is: the order totals within the horizon."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.common.boosting import Numbers
from models.common.leaks import Events


def outcome(rows: pl.DataFrame) -> Numbers:
    """Spend within the horizon, in the lake's currency."""
    return rows["outcome_spend"].to_numpy().astype(np.float64)


def events(rows: pl.DataFrame) -> dict[str, Events]:
    """The yes/no outcomes that a leak would give away."""
    spend = outcome(rows)
    return {
        "no purchase": (rows["outcome_orders"] == 0).to_numpy(),
        "spend above the median": spend > np.median(spend),
    }
