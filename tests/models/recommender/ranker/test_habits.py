from __future__ import annotations

import numpy as np
import pytest

from models.recommender.ranker.habits import NAMES, habits
from tests.models.recommender.shopping import purchases


def of(bought, customer: int, thing: int, things: np.ndarray) -> dict[str, float]:
    known = habits(bought, things, int(things.max()) + 1)
    return dict(zip(NAMES, known.of(np.array([customer]), np.array([thing]))[0].tolist(), strict=True))


def test_a_habit_by_hand():
    bought = purchases([("c", "p", 30), ("c", "p", 20), ("c", "p", 10), ("d", "p", 1)])
    habit = of(bought, 0, 0, np.array([0]))
    assert habit["days_182d"] == 3
    assert habit["days_half_life_10"] == pytest.approx(0.5 + 0.25 + 0.125)
    assert (habit["days_28d"], habit["days_84d"]) == (2, 3)
    assert (habit["days_since_last"], habit["days_since_first"]) == (10, 30)
    assert (habit["mean_gap_days"], habit["due"]) == (10, 1)


def test_days_of_a_kind_count_once_whatever_was_bought_of_it():
    bought = purchases([("c", "p", 5), ("c", "q", 5), ("c", "q", 9)])
    kind = of(bought, 0, 0, np.array([0, 0]))
    assert (kind["days_182d"], kind["days_since_last"], kind["mean_gap_days"]) == (2, 5, 4)


def test_what_was_never_bought_counts_nothing_and_has_no_dates():
    bought = purchases([("c", "p", 5), ("d", "q", 5)])
    habit = of(bought, 0, 1, np.array([0, 1]))
    assert (habit["days_182d"], habit["days_28d"]) == (0, 0)
    assert np.isnan([habit["days_since_last"], habit["mean_gap_days"], habit["due"]]).all()


def test_one_purchase_has_no_rhythm():
    habit = of(purchases([("c", "p", 5)]), 0, 0, np.array([0]))
    assert habit["days_since_last"] == 5
    assert np.isnan(habit["due"])
