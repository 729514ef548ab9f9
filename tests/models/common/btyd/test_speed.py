from __future__ import annotations

import time

import numpy as np
import pytest

from models.common.btyd import bg_nbd, simulated, summaries

CUSTOMERS = 1_000_000
MOST_SECONDS = 10.0


@pytest.mark.full
def test_a_million_customers_are_fitted_and_scored_within_ten_seconds_of_cpu() -> None:
    asked = simulated.customers(CUSTOMERS)
    began = time.process_time()
    model = bg_nbd.fit(summaries.of(*asked))
    expected = bg_nbd.expected_purchases(model, *asked, 39.0)
    assert time.process_time() - began < MOST_SECONDS
    assert {name: getattr(model, name) for name in simulated.TRUTH} == pytest.approx(
        simulated.TRUTH, rel=0.02
    )
    assert np.isfinite(expected).all()
