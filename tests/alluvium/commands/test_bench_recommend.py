from __future__ import annotations

import numpy as np
import pytest

from alluvium.commands.bench.recommend import _ours, agreement, made_up


def test_lists_are_compared_by_their_order_and_by_what_is_in_them():
    same, overlap = agreement(np.array([[1, 2], [3, 4]]), np.array([[1, 2], [4, 9]]))
    assert (same, overlap) == (0.5, 0.75)


def test_the_lists_that_are_timed_are_those_of_sorting_every_score():
    customers, products = made_up(7, 300, 8, seed=1)
    expected = np.argsort(-(customers @ products.T), axis=1, kind="stable")[:, :5]
    assert agreement(_ours(customers, products, 5), expected) == pytest.approx((1.0, 1.0))
