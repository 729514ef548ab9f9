from __future__ import annotations

import numpy as np
import polars as pl

from models.churn.evaluate import baselines
from models.churn.features import outcome
from models.churn.train import TASK


def test_recency_alone_says_that_who_was_here_last_week_comes_back() -> None:
    days = np.tile([2.0, 5.0, 40.0, 80.0], 50)
    rows = pl.DataFrame(
        {
            "days_since_last_order": days,
            "orders_90d": np.where(days < 10, 9.0, 1.0),
            "spend_90d": np.where(days < 10, 200.0, 20.0),
            "outcome_orders": np.where(days < 10, 1.0, 0.0),
        }
    )
    predicted = baselines(rows, rows, 30)
    assert (predicted["recency"][days < 10] < 0.5).all()
    assert (predicted["logistic_rfm"][days > 10] > 0.5).all()
    assert set(predicted["naive_rate"]) == {0.5}
    assert TASK.quick(outcome(rows), predicted["recency"]) == 1.0
