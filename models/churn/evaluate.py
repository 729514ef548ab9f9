"""What needs no churn model: the rate, recency, BG/NBD, and a regression on recency, frequency and spend."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import polars as pl

from models.churn.features import RFM, outcome
from models.common import speaking
from models.common.boosting import Numbers
from models.common.btyd import customers


def _logistic(known: Numbers, asked: Numbers, churned: Numbers) -> Numbers:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(known, churned)
    return np.asarray(model.predict_proba(asked)[:, 1], dtype=np.float64)


def _logs(rows: pl.DataFrame, columns: Sequence[str]) -> Numbers:
    """Logarithms: counts, days and money are all skewed."""
    return np.log1p(rows.select(pl.col(c).cast(pl.Float64).fill_null(0).clip(0) for c in columns).to_numpy())


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
        found[name] = _logistic(_logs(known, columns), _logs(asked, columns), churned)
    if set(customers.NEEDED) <= set(known.columns):
        with suppress(ValueError):  # Nobody bought twice.
            by_day = [
                _expected(rows, horizon_days) for _, rows in known.group_by("as_of_date", maintain_order=True)
            ]
            found["bg_nbd"] = _logistic(np.concatenate(by_day), _expected(asked, horizon_days), churned)
    return found
