"""Average linkage: clusters join while the mean log-odds between their records is above zero.

Log-odds are clipped, so that one very sure pair does not outvote many doubtful ones, and a pair that was
never compared counts as a mild no. Average linkage is reducible (Bruynooghe 1977), so all pairs of clusters
that are each other's best may join at once: the result is that of joining one at a time, in a few rounds.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from spark_jobs.identity.engine.arrays import Codes, Floats, Ints, mixed, packed, unpacked

CLIP = 8.0
ABSENT = -3.0  # log-odds of a pair that was not compared
CANNOT = -1e6  # log-odds of a pair that must never be one: no mean survives it


def components(count: int, left: Ints, right: Ints) -> Ints:
    """The smallest record number of each record's component."""
    graph = coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    smallest = np.full(labels.max(initial=-1) + 1, count, np.int64)
    np.minimum.at(smallest, labels, np.arange(count))
    return smallest[labels]


class _Edges:
    """Edges between clusters: sum of log-odds and number of pairs that were compared."""

    def __init__(self, left: Ints, right: Ints, total: Floats, pairs: Ints) -> None:
        self.left, self.right, self.total, self.pairs = left, right, total, pairs

    def relabelled(self, labels: Ints) -> _Edges:
        """Edges between the clusters of the labels, those of one pair of clusters added up."""
        one, other = labels[self.left], labels[self.right]
        codes = packed(np.minimum(one, other), np.maximum(one, other))
        apart = np.flatnonzero(one != other)
        order = apart[np.argsort(codes[apart], kind="stable")]
        starts = _starts(codes[order])
        left, right = unpacked(codes[order][starts])
        if not len(starts):
            return _Edges(left, right, np.empty(0), np.empty(0, np.int64))
        total, pairs = (np.add.reduceat(column[order], starts) for column in (self.total, self.pairs))
        return _Edges(left, right, total, pairs)

    def mean(self, sizes: Ints) -> Floats:
        """Mean log-odds over all pairs of records of two clusters."""
        of = sizes[self.left] * sizes[self.right]
        return (self.total + ABSENT * (of - self.pairs)) / of

    def keep(self, where: np.ndarray) -> _Edges:
        """Some of the edges."""
        return _Edges(self.left[where], self.right[where], self.total[where], self.pairs[where])


def _starts(codes: Codes) -> Ints:
    return (
        np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]])) if len(codes) else np.empty(0, int)
    )


def mutual_best(count: int, left: Ints, right: Ints, score: Floats, ties: Codes) -> np.ndarray:
    """Which edges are the best of both their ends. `ties` has a number per end that breaks equal scores."""
    tie = mixed(ties[left] ^ ties[right])
    order = np.lexsort((tie, score))
    best = np.full(count, -1)
    best[left[order]] = order
    other = np.full(count, -1)
    other[right[order]] = order
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    rank = np.append(rank, -1)
    best = np.where(rank[best] >= rank[other], best, other)
    at = np.arange(len(left))
    return np.flatnonzero((best[left] == at) & (best[right] == at))


def agglomerate(
    count: int,
    left: Ints,
    right: Ints,
    log_odds: Floats,
    ties: Codes,
    start: Ints | None = None,
    least: float = 0.0,
) -> Ints:
    """The smallest record number of each record's cluster.

    `left` and `right` are all pairs that were compared, with their log-odds (CANNOT for those that must stay
    apart); `ties` one number per record. `start` has clusters to begin with, as their smallest record; the
    mean log-odds of clusters that join are above `least`.
    """
    labels = np.arange(count) if start is None else start
    likely, known = log_odds > 0, np.flatnonzero(labels != np.arange(count))
    component = components(
        count, np.concatenate([left[likely], known]), np.concatenate([right[likely], labels[known]])
    )
    near = (component[left] == component[right]) & (log_odds > -np.inf)
    clipped = np.where(log_odds[near] <= CANNOT, CANNOT, np.clip(log_odds[near], -CLIP, CLIP))
    edges = _Edges(left[near], right[near], clipped, np.ones(int(near.sum()), np.int64))
    sizes = np.bincount(labels, minlength=count)
    edges = edges.relabelled(labels)
    while True:
        mean = edges.mean(sizes)
        good = np.flatnonzero(mean > least)
        if not len(good):
            return labels
        one, other = edges.left[good], edges.right[good]
        chosen = mutual_best(count, one, other, np.round(mean[good], 9), ties)
        target = np.arange(count)
        target[other[chosen]] = one[chosen]
        sizes[one[chosen]] += sizes[other[chosen]]
        labels = target[labels]
        alive = np.zeros(count, bool)
        alive[one] = alive[other] = True
        edges = edges.keep(alive[edges.left] & alive[edges.right]).relabelled(target)
