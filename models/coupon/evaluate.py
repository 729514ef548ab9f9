"""What needs no coupon model: the rate, and a regression on earlier redemptions and campaigns."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.common.baselines import logistic, logs
from models.common.boosting import Numbers
from models.coupon.features import SIMPLE, outcome


def baselines(known: pl.DataFrame, asked: pl.DataFrame, horizon_days: int) -> dict[str, Numbers]:
    """The rate of the past for everybody, and a logistic regression on what a marketer would look at."""
    redeemed = outcome(known)
    simple = [name for name in SIMPLE if name in known.columns]
    found = {"naive_rate": np.full(len(asked), redeemed.mean())}
    if simple:
        found["logistic_redeemed"] = logistic(logs(known, simple), logs(asked, simple), redeemed)
    return found
