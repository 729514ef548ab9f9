"""How good the value model is, beside what needs no model."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.common.boosting import Numbers
from models.common.figures import of_amounts

figures = of_amounts


def baselines(known: pl.DataFrame, asked: pl.DataFrame, horizon_days: int) -> dict[str, Numbers]:
    """The spend of the last 90 days going on at the same rate."""
    spend = asked["spend_90d"].cast(pl.Float64).fill_null(0).to_numpy()
    return {"rate_90d": spend.astype(np.float64) * (horizon_days / 90)}
