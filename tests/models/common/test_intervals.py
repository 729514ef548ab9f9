from __future__ import annotations

import numpy as np
import pytest

from models.common import intervals


def test_intervals_of_money_hold_four_of_five_of_new_customers_at_every_size() -> None:
    rng = np.random.default_rng(2)
    predicted = rng.gamma(2, 100, 4000)
    outcome = predicted * rng.gamma(4, 0.25, 4000)  # errors grow with the prediction
    fitted = intervals.fit(outcome[:2000], predicted[:2000], intervals.of_amount)
    low, high = intervals.apply(fitted, predicted[2000:], float("inf"))
    inside = (outcome[2000:] >= low) & (outcome[2000:] <= high)
    assert inside.mean() == pytest.approx(0.8, abs=0.03)
    large = predicted[2000:] > np.quantile(predicted, 0.8)
    assert inside[large].mean() == pytest.approx(0.8, abs=0.07)
    assert (low >= 0).all()


def test_intervals_of_probabilities_hold_the_rates_of_calibrated_tenths() -> None:
    rng = np.random.default_rng(3)
    predicted = rng.beta(1, 6, 8000)
    outcome = (rng.uniform(size=8000) < predicted).astype(float)
    fitted = intervals.fit(outcome[:4000], predicted[:4000], intervals.of_probability)
    low, high = intervals.apply(fitted, predicted[4000:], 1.0)
    assert intervals.coverage_of_rates(outcome[4000:], predicted[4000:], low, high)["covered"] >= 0.8
    assert ((low <= predicted[4000:]) & (predicted[4000:] <= high) & (high <= 1)).all()
