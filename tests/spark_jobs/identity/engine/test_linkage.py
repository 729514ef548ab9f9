"""Average linkage in rounds is average linkage one at a time."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from spark_jobs.identity.engine.linkage import ABSENT, CANNOT, CLIP, agglomerate

TIES = np.arange(100, dtype=np.uint64)


def everybody(log_odds: dict[tuple[int, int], float], count: int) -> list[int]:
    left, right = (np.array([pair[side] for pair in log_odds], dtype=np.int64) for side in (0, 1))
    return agglomerate(count, left, right, np.array(list(log_odds.values())), TIES[:count]).tolist()


@settings(max_examples=60, deadline=None)
@given(st.integers(3, 12), st.integers(0, 10_000))
def test_rounds_of_mutual_best_pairs_give_what_scipy_gives(count: int, seed: int) -> None:
    dice = np.random.default_rng(seed)
    pairs = np.array([(i, j) for i in range(count) for j in range(i + 1, count)])
    log_odds = np.where(dice.random(len(pairs)) < 0.3, ABSENT, dice.uniform(-CLIP, CLIP, len(pairs)))
    expected = fcluster(linkage(CLIP - log_odds, "average"), CLIP - 1e-12, "distance")
    known = log_odds != ABSENT
    found = agglomerate(count, pairs[known, 0], pairs[known, 1], log_odds[known], TIES[:count])
    assert (found[:, None] == found).tolist() == (expected[:, None] == expected).tolist()


def test_one_weak_bridge_does_not_join_two_clusters() -> None:
    inner = dict.fromkeys([(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)], 8.0)
    assert everybody(inner | {(2, 3): 5.0}, 6) == [0, 0, 0, 3, 3, 3]


def test_a_pair_that_must_stay_apart_outweighs_every_score() -> None:
    assert everybody({(0, 1): 50.0, (1, 2): 50.0, (0, 2): CANNOT}, 3) in ([0, 0, 2], [0, 1, 1])
    assert everybody({(0, 1): CANNOT}, 2) == [0, 1]
