from __future__ import annotations

import time

import numpy as np
import pytest

from models.common.btyd import bg_nbd, summaries

CUSTOMERS = 1_000_000
MOST_SECONDS = 10.0
TRUTH = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}


def simulated(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequency, recency and age of customers who live as BG/NBD says."""
    rng = np.random.default_rng(1)
    age = rng.uniform(10, 78, count)
    rate = rng.gamma(TRUTH["r"], 1 / TRUTH["alpha"], count)
    leaves = rng.beta(TRUTH["a"], TRUTH["b"], count)
    frequency, recency, now = np.zeros(count), np.zeros(count), np.zeros(count)
    alive = np.arange(count)
    while len(alive):
        now[alive] += rng.exponential(1 / rate[alive])
        alive = alive[now[alive] < age[alive]]
        frequency[alive] += 1
        recency[alive] = now[alive]
        alive = alive[rng.uniform(size=len(alive)) >= leaves[alive]]
    return frequency, recency, age


@pytest.mark.full
def test_a_million_customers_are_fitted_and_scored_within_ten_seconds_of_cpu() -> None:
    asked = simulated(CUSTOMERS)
    began = time.process_time()
    model = bg_nbd.fit(summaries.of(*asked))
    expected = bg_nbd.expected_purchases(model, *asked, 39.0)
    assert time.process_time() - began < MOST_SECONDS
    assert {name: getattr(model, name) for name in TRUTH} == pytest.approx(TRUTH, rel=0.02)
    assert np.isfinite(expected).all()
