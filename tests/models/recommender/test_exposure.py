from __future__ import annotations

import math

import numpy as np
import pytest

from models.recommender.exposure import coverage, diversity, gini, novelty

NOTHING = -1


def test_coverage_is_the_share_of_the_catalogue_that_was_shown():
    assert coverage(np.array([[0, 1], [1, NOTHING]]), 8) == pytest.approx(0.25)


def test_gini_by_hand():
    assert gini(np.array([[0, 1], [2, 3]]), 4) == pytest.approx(0.0, abs=1e-9)
    assert gini(np.array([[0, 0], [0, 0]]), 4) == pytest.approx(0.75, abs=1e-9)
    # Shown 0, 1 and 3 times: the mean of all differences, 8/9 each way, over twice the mean of 4/3.
    assert gini(np.array([[0, 0], [0, 1]]), 3) == pytest.approx(12 / 9 / (2 * 4 / 3), abs=1e-9)


def test_novelty_by_hand():
    buyers = np.array([2, 1])
    assert novelty(np.array([[0, 1], [0, NOTHING]]), buyers, 4) == pytest.approx((1 + 2 + 1) / 3, abs=1e-9)
    assert novelty(np.array([[0]]), np.array([0]), 2) == pytest.approx(math.log2(2), abs=1e-9)


def test_diversity_by_hand():
    kinds = np.array([7, 7, 8])
    # Of the three pairs of the first list one is alike; missing ranks are like nothing.
    lists = np.array([[0, 1, 2], [2, NOTHING, NOTHING]])
    assert diversity(lists, kinds) == pytest.approx((2 / 3 + 1) / 2, abs=1e-9)
    assert diversity(np.array([[0, 1, 0]]), kinds) == pytest.approx(0.0, abs=1e-9)
