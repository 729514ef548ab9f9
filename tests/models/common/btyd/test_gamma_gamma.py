from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from models.common.btyd import gamma_gamma
from tests.models.common.btyd import cdnow


@pytest.fixture(scope="module")
def repeats() -> pl.DataFrame:
    return cdnow.summary().filter(pl.col("frequency") > 0)


def test_the_papers_parameters_are_found_to_three_digits(repeats: pl.DataFrame) -> None:
    assert repeats.height == 946
    model = gamma_gamma.fit(repeats["frequency"].to_numpy(), repeats["mean_value"].to_numpy())
    assert model.p == pytest.approx(6.25, abs=0.005)
    assert model.q == pytest.approx(3.74, abs=0.005)
    # The data hold mean values in cents, the paper had them exact: its 15.44 comes out as 15.448.
    assert model.v == pytest.approx(15.44, abs=0.01)


def test_the_gradient_is_that_of_the_likelihood(repeats: pl.DataFrame) -> None:
    count, mean = (repeats[name].to_numpy().astype(float) for name in ("frequency", "mean_value"))
    likelihood, at = gamma_gamma._Likelihood(count, mean), np.array([5.0, 3.0, 12.0])
    for place, unit in enumerate(np.eye(3) * 1e-6):
        slope = (likelihood(at + unit)[0] - likelihood(at - unit)[0]) / 2e-6
        assert likelihood(at)[1][place] == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_the_more_purchases_the_more_a_customers_own_mean_counts() -> None:
    model = gamma_gamma.SpendModel(p=6.25, q=3.74, v=15.44, mean=6.25 * 15.44 / 2.74, likelihood=0.0)
    found = gamma_gamma.expected_value(model, np.array([0.0, 1.0, 1000.0]), np.array([np.nan, 100.0, 100.0]))
    assert found[0] == pytest.approx(model.mean)
    assert model.mean < found[1] < found[2] == pytest.approx(100, rel=0.01)


def test_one_value_for_everything_falls_back_to_the_mean() -> None:
    model = gamma_gamma.fit(np.full(50, 3.0), np.full(50, 20.0))
    assert not model.is_converged
    assert gamma_gamma.expected_value(model, np.array([3.0]), np.array([20.0])) == pytest.approx(20)
