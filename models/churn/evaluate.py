"""How good the churn model is, beside what needs no model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from models.churn.features import RFM, outcome
from models.common.boosting import Numbers
from models.common.figures import of_probabilities

figures = of_probabilities


def _logistic(known: pl.DataFrame, asked: pl.DataFrame, columns: Sequence[str]) -> Numbers:
    """Logistic regression on logarithms: counts, days and money are all skewed."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def values(rows: pl.DataFrame) -> Numbers:
        return np.log1p(
            rows.select(pl.col(c).cast(pl.Float64).fill_null(0).clip(0) for c in columns).to_numpy()
        )

    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(values(known), outcome(known))
    return np.asarray(model.predict_proba(values(asked))[:, 1], dtype=np.float64)


def baselines(known: pl.DataFrame, asked: pl.DataFrame, horizon_days: int) -> dict[str, Numbers]:
    """Recency alone, and logistic regression on recency, frequency and monetary value."""
    return {"recency": _logistic(known, asked, RFM[:1]), "logistic_rfm": _logistic(known, asked, RFM)}
