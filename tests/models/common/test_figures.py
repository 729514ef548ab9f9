from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from models.common import figures

OUTCOME = np.array([0.0, 0.0, 1.0, 1.0])
PREDICTED = np.array([0.1, 0.4, 0.35, 0.8])


def test_probabilities_are_measured_as_by_hand() -> None:
    measured = figures.of_probabilities(OUTCOME, PREDICTED)
    assert measured["auc"] == pytest.approx(3 / 4)  # three of the four pairs are in order
    assert measured["average_precision"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert measured["brier"] == pytest.approx((0.01 + 0.16 + 0.4225 + 0.04) / 4)
    assert measured["total_bias"] == pytest.approx(1.65 / 2 - 1)
    assert measured["calibration_error"] == pytest.approx((0.1 + 0.4 + 0.65 + 0.2) / 4)


def test_amounts_are_measured_as_by_scikit_learn_and_by_hand() -> None:
    spent, predicted = np.array([0.0, 10.0, 20.0, 70.0]), np.array([5.0, 10.0, 15.0, 60.0])
    measured = figures.of_amounts(spent, predicted)
    assert measured["mae"] == pytest.approx(mean_absolute_error(spent, predicted)) == pytest.approx(5.0)
    assert measured["rmse"] == pytest.approx(root_mean_squared_error(spent, predicted))
    assert measured["total_bias"] == pytest.approx(-0.1)
    assert measured["spearman"] == pytest.approx(1.0)
    assert measured["gini"] == pytest.approx(1.0)
    assert measured["decile_error"] == pytest.approx(
        (0 + 0.25 + 1 / 7) / 3
    )  # nothing was spent in the lowest


def test_the_gini_of_the_reverse_order_is_minus_that_of_the_right_one() -> None:
    spent = np.array([1.0, 2.0, 3.0, 4.0])
    assert figures.of_amounts(spent, -spent)["gini"] == pytest.approx(-1.0)


def test_lift_of_a_perfect_order_reaches_all_in_the_first_tenth() -> None:
    outcome = np.r_[np.ones(10), np.zeros(90)]
    curve = figures.lift(outcome, outcome)
    assert curve[0] == {"decile": 1, "lift": 10.0, "share_reached": 1.0, "count": 10}
    assert [point["lift"] for point in curve[1:]] == [0.0] * 9


def test_calibration_of_a_known_rate_lies_on_the_diagonal() -> None:
    rng = np.random.default_rng(3)
    probability = rng.uniform(size=20_000)
    happened = (rng.uniform(size=20_000) < probability).astype(float)
    points = figures.calibration(happened, probability)
    assert sum(point["count"] for point in points) == 20_000
    assert all(abs(point["predicted"] - point["observed"]) < 0.03 for point in points)
