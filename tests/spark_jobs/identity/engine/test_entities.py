"""Records that must stay apart do not meet by moving at once."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.identity.engine.entities import Ties, _apart

COUNT = 6
NONE = np.empty(0, np.int64)
PAIRS = st.sets(
    st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)).filter(lambda pair: pair[0] < pair[1])
)


def kept(moves: list[bool], best: list[float], where: list[int], apart: list[tuple[int, int]]) -> list[bool]:
    left, right = (np.array([pair[side] for pair in apart], np.int64) for side in (0, 1))
    found = _apart(np.array(moves), np.array(best), np.array(where), Ties(NONE, NONE, left, right))
    return [bool(move) for move in found]


def test_the_one_that_fits_better_moves_and_the_other_stays():
    assert kept([True, True, True], [2.0, 3.0, 1.0], [5, 5, 5], [(0, 1)]) == [False, True, True]


def test_of_two_that_fit_alike_the_first_moves():
    assert kept([True, True], [2.0, 2.0], [5, 5], [(0, 1)]) == [True, False]


def test_two_that_move_to_different_clusters_or_may_be_together_both_move():
    assert kept([True, True], [2.0, 3.0], [4, 5], [(0, 1)]) == [True, True]
    assert kept([True, True], [2.0, 3.0], [5, 5], []) == [True, True]


@given(
    st.lists(st.booleans(), min_size=COUNT, max_size=COUNT),
    st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=COUNT, max_size=COUNT),
    st.lists(st.integers(0, 2), min_size=COUNT, max_size=COUNT),
    PAIRS,
)
def test_no_two_that_must_stay_apart_arrive_in_one_cluster(moves, best, where, apart):
    still = kept(moves, best, where, sorted(apart))
    arrived = [(one, other) for one, other in apart if still[one] and still[other]]
    assert not [pair for pair in arrived if where[pair[0]] == where[pair[1]]]
    assert all(wanted or not moved for wanted, moved in zip(moves, still, strict=True))
