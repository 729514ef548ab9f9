"""Trees for shops of every size."""

from __future__ import annotations

import numpy as np
import pytest

from models.common import params
from models.common.boosting import fit, for_rows, predict


@pytest.mark.parametrize(("rows", "weight"), [(100, 1), (1_000, 4), (5_000, 20), (1_000_000, 20)])
def test_a_leaf_needs_less_in_a_small_shop_and_never_more_than_the_parameter_says(rows, weight):
    assert for_rows({"min_child_weight": 20, "eta": 0.1}, rows) == {"min_child_weight": weight, "eta": 0.1}


def test_a_shop_of_two_hundred_customers_gets_more_than_one_prediction():
    drawn = np.random.default_rng(20170101)
    values = drawn.normal(size=(200, 3)).astype(np.float32)
    churned = (values[:, 0] + drawn.normal(scale=0.5, size=200) > 1.5).astype(float)
    booster = fit(dict(params.load("churn").xgboost), 50, values, churned)
    predicted = predict(booster, values)
    assert np.corrcoef(predicted, churned)[0, 1] > 0.5
    assert len(np.unique(predicted)) > 10
