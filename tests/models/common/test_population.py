from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from alluvium.errors import AlluviumError
from models.common import population


def _rows(active: int, lapsed: int, never: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "orders_90d": [2.0] * active + [0.0] * (lapsed + never),
            "days_since_last_order": [5.0] * active + [120.0] * lapsed + [None] * never,
        }
    )


def test_the_population_bought_within_the_days_and_needs_a_column_that_says_so() -> None:
    assert len(population.active(_rows(3, 2, 1), 90)) == 3
    with pytest.raises(AlluviumError, match="needs orders_60d"):
        population.active(_rows(3, 2, 1), 60)


def test_each_group_gets_the_mean_outcome_of_its_own() -> None:
    rows = _rows(100, 50, 40)
    outcome = np.r_[np.full(100, 10.0), np.full(50, 4.0), np.full(40, 1.0)]
    assert population.priors(rows, outcome, 90) == {"no_consent": 8.0, "lapsed": 4.0, "no_history": 1.0}


def test_a_group_too_small_to_measure_takes_the_next_wider_mean() -> None:
    rows = _rows(100, 50, 5)
    outcome = np.r_[np.full(100, 10.0), np.full(50, 4.0), np.zeros(5)]
    assert population.priors(rows, outcome, 90)["no_history"] == 4.0
