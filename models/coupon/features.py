"""What propensity is: a coupon redeemed within the horizon."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.common.boosting import Numbers
from models.common.leaks import Events

# What a marketer has without a model: how often somebody redeemed and was written to of late.
SIMPLE = ("redemptions_90d", "campaigns_90d", "campaigns_running")


def has_redeemed(rows: pl.DataFrame) -> Events:
    """Whether each row's customer redeemed a coupon within the horizon."""
    return (rows["outcome_redemptions"] > 0).to_numpy()


def outcome(rows: pl.DataFrame) -> Numbers:
    """1 for redeemed, 0 for not."""
    return has_redeemed(rows).astype(np.float64)


def events(rows: pl.DataFrame) -> dict[str, Events]:
    """The yes/no outcomes that a leak would give away."""
    return {"a redemption": has_redeemed(rows)}
