"""Simple rules that a model must beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from models.common.boosting import Numbers


def logs(rows: pl.DataFrame, columns: Sequence[str]) -> Numbers:
    """Logarithms of columns: counts, days and money are all skewed. Missing counts as none."""
    return np.log1p(rows.select(pl.col(c).cast(pl.Float64).fill_null(0).clip(0) for c in columns).to_numpy())


def logistic(known: Numbers, asked: Numbers, happened: Numbers) -> Numbers:
    """Probabilities of a logistic regression on standardised columns."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(known, happened)
    return np.asarray(model.predict_proba(asked)[:, 1], dtype=np.float64)
