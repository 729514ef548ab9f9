"""Clusters hold no contradiction and are never larger than the limit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.identity import cluster, pairs

COUNT = 12
links = st.lists(
    st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1), st.integers(1, 9)), max_size=30
)
foes = st.sets(st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)), max_size=8)


def _contradicts(enemies: set[tuple[int, int]]) -> cluster.Contradicts:
    both = enemies | {(b, a) for a, b in enemies}
    return lambda one, other: np.array(
        [p in both for p in zip(one.tolist(), other.tolist(), strict=True)], dtype=bool
    )


@settings(deadline=None, max_examples=60)
@given(links, foes, st.integers(2, 6))
def test_kept_links_never_join_a_contradiction_nor_more_than_the_limit(
    given_links: list[tuple[int, int, int]], enemies: set[tuple[int, int]], limit: int
) -> None:
    usable = [(a, b, w) for a, b, w in given_links if a != b]
    left, right, weight = (np.array([row[at] for row in usable], dtype=np.int64) for at in range(3))
    keep = cluster.kept_links(COUNT, left, right, weight.astype(float), _contradicts(enemies), limit)
    labels = cluster.components(COUNT, left[keep], right[keep])
    assert np.bincount(labels).max() <= limit
    assert not any(labels[a] == labels[b] for a, b in enemies if a != b)


def test_the_weakest_link_falls() -> None:
    left, right, weight = np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([0.9, 0.6, 0.8])
    keep = cluster.kept_links(4, left, right, weight, _contradicts({(0, 3)}), 10)
    assert keep.tolist() == [True, False, True]


def test_a_label_is_the_smallest_record_of_its_cluster() -> None:
    assert cluster.components(5, np.array([3, 1]), np.array([4, 3])).tolist() == [0, 1, 2, 1, 1]


def test_neighbours_are_paired_within_their_group_only() -> None:
    left, right = pairs.within(np.array([1, 1, 1, 2, 2]), np.array([10, 11, 12, 20, 21]), reach=1)
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [(10, 11), (11, 12), (20, 21)]
