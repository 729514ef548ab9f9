"""What needs no churn model: the rate, recency, BG/NBD, and a regression on recency, frequency and spend."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import polars as pl

from models.churn.features import RFM, outcome
from models.common import speaking
from models.common.baselines import logistic, logs
from models.common.boosting import Numbers
from models.common.btyd import customers


def _expected(rows: pl.DataFrame, horizon_days: int) -> Numbers:
    """Purchases that BG/NBD expects; fitted on those same rows, of which it sees no outcome."""
    column = speaking.of_frame(rows)
    found = customers.expected_orders(customers.fit(column), column, horizon_days)
    return np.log(found + 1e-9)[:, None]


def baselines(known: pl.DataFrame, asked: pl.DataFrame, horizon_days: int) -> dict[str, Numbers]:
    """The rate of the past for everybody, recency alone, BG/NBD's expected purchases, logistic RFM."""
    churned = outcome(known)
    found = {"naive_rate": np.full(len(asked), churned.mean())}
    for name, columns in (("recency", RFM[:1]), ("logistic_rfm", RFM)):
        found[name] = logistic(logs(known, columns), logs(asked, columns), churned)
    if set(customers.NEEDED) <= set(known.columns):
        with suppress(ValueError):  # Nobody bought twice.
            by_day = [
                _expected(rows, horizon_days) for _, rows in known.group_by("as_of_date", maintain_order=True)
            ]
            found["bg_nbd"] = logistic(np.concatenate(by_day), _expected(asked, horizon_days), churned)
    return found
