from __future__ import annotations

import numpy as np
import polars as pl

from models.common import leaks
from models.common.params import LeakLimits

LIMITS = LeakLimits(auc=0.93, rate_ratio=10)


def _found(values: np.ndarray, events: np.ndarray) -> dict[str, str]:
    frame = pl.DataFrame({"feature": values}).with_columns(pl.col("feature").fill_nan(None))
    return leaks.suspicious(frame, ["feature"], {"no purchase": events}, LIMITS)


def test_the_outcome_itself_under_another_name_is_found() -> None:
    events = np.arange(1000) % 7 == 0
    assert "AUC 1.000" in _found(-3.0 * events, events)["feature"]


def test_a_file_made_for_those_who_stayed_is_found_by_what_it_leaves_out() -> None:
    # As the demo's demographics: churn 0.4 % where a value is there, 20 % where none is.
    rng = np.random.default_rng(5)
    has_value = np.arange(3000) % 3 == 0
    events = rng.uniform(size=3000) < np.where(has_value, 0.004, 0.204)
    household_size = np.where(has_value, rng.integers(1, 6, 3000).astype(float), np.nan)
    assert "absence" in _found(household_size, events)["feature"]
    assert "absence" in _found(has_value.astype(float), events)["feature"]  # also as a flag


def test_an_honest_feature_is_let_through_though_it_is_strong_and_often_missing() -> None:
    rng = np.random.default_rng(6)
    rate = rng.gamma(1.2, 1.6, 3000)
    events = rng.poisson(rate) == 0
    orders = rng.poisson(3 * rate).astype(float)
    gap = np.where(orders > 1, 90 / np.maximum(orders, 1), np.nan)
    assert _found(orders, events) == {}
    assert _found(gap, events) == {}


def test_a_small_group_without_any_event_is_luck() -> None:
    events = np.r_[np.zeros(40, bool), np.arange(160) % 8 == 0]
    assert _found(np.r_[np.ones(40), np.zeros(160)], events) == {}
