from __future__ import annotations

import numpy as np
import pytest

from models.common.speaking import LEAST_TREES, TENTHS, best_weights


def test_the_blend_that_errs_least_is_found_and_the_trees_keep_their_tenths() -> None:
    rng = np.random.default_rng(1)
    truth = rng.gamma(2, 100, 500)
    said = {"trees": truth + rng.normal(0, 90, 500), "bg_nbd": truth, "rate_90d": rng.gamma(2, 100, 500)}
    assert best_weights(said, truth) == {"trees": LEAST_TREES / TENTHS, "bg_nbd": 0.8}
    said = {"trees": truth + 10, "bg_nbd": truth - 10, "rate_90d": truth + 500}
    assert best_weights(said, truth) == {"trees": 0.5, "bg_nbd": 0.5}
    assert sum(best_weights(said, truth * 0.3).values()) == pytest.approx(1)
