"""What needs no trees: the mean, the rate of the last 90 days, BG/NBD with Gamma-Gamma."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import polars as pl

from models.common import speaking
from models.common.boosting import Numbers
from models.common.btyd import customers
from models.ltv.features import outcome


def baselines(known: pl.DataFrame, asked: pl.DataFrame, horizon_days: int) -> dict[str, Numbers]:
    """The mean of the past for everybody, the same rate going on, BG/NBD's purchases at their worth."""
    column = speaking.of_frame(asked)
    found = {
        "naive_mean": np.full(len(asked), outcome(known).mean()),
        "rate_90d": np.nan_to_num(column("spend_90d")) * (horizon_days / 90),
    }
    if set(customers.NEEDED) <= set(asked.columns):
        with suppress(ValueError):  # Nobody bought twice.
            found["bg_nbd"] = customers.expected_spend(customers.fit(column), column, horizon_days)
    return found
