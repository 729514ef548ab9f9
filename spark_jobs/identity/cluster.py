"""Clusters of linked records that no weak bridge can glue.

Connected components first. A component that is too large or holds two records that contradict each other is
built again from its links, strongest first, leaving out each link that would join what must not be joined:
the weakest links fall. Ties go by record number, which is the order of the record keys, so row order never
matters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from spark_jobs.identity import pairs
from spark_jobs.identity.pairs import Ints

Contradicts = Callable[[Ints, Ints], NDArray[np.bool_]]
Conflicts = Mapping[int, set[int]]


def components(count: int, left: Ints, right: Ints) -> Ints:
    """The smallest record number of each record's component."""
    graph = coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    smallest = np.full(labels.max(initial=-1) + 1, count, dtype=np.int64)
    np.minimum.at(smallest, labels, np.arange(count))
    return smallest[labels]


class _Forest:
    """Sets of records that grow together, each with its members."""

    def __init__(self) -> None:
        self.root: dict[int, int] = {}
        self.members: dict[int, list[int]] = {}

    def find(self, record: int) -> int:
        """The set that a record is in."""
        if record not in self.root:
            self.root[record], self.members[record] = record, [record]
        return self.root[record]

    def join(self, one: int, other: int) -> None:
        """Make one set of two; the smaller one is rewritten."""
        if len(self.members[one]) < len(self.members[other]):
            one, other = other, one
        for member in self.members[other]:
            self.root[member] = one
        self.members[one] += self.members.pop(other)


def _may_join(forest: _Forest, one: int, other: int, conflicts: Conflicts, limit: int) -> bool:
    members, others = forest.members[one], forest.members[other]
    if len(members) + len(others) > limit:
        return False
    if len(members) > len(others):
        members, others = others, members
    foes: set[int] = set().union(*(conflicts.get(member, set()) for member in members))
    return foes.isdisjoint(others)


def _grow(
    left: Ints, right: Ints, weight: NDArray[np.float64], conflicts: Conflicts, limit: int
) -> NDArray[np.bool_]:
    """Which links stay when the strongest are taken first and none may join what must not be joined."""
    forest, keep = _Forest(), np.zeros(len(left), dtype=bool)
    for at in np.lexsort((right, left, -weight)):
        one, other = forest.find(int(left[at])), forest.find(int(right[at]))
        if one == other:
            keep[at] = True
        elif _may_join(forest, one, other, conflicts, limit):
            forest.join(one, other)
            keep[at] = True
    return keep


def _conflicts_within(labels: Ints, contradicts: Contradicts, limit: int) -> Conflicts:
    """Pairs of records of one component that contradict each other, by record."""
    order = np.argsort(labels, kind="stable")
    sizes = np.unique(labels[order], return_counts=True)[1]
    order = order[np.repeat(sizes, sizes) > 1]
    one, other = pairs.within(labels[order], order, limit)
    conflicts: dict[int, set[int]] = defaultdict(set)
    found = contradicts(one, other)
    for a, b in zip(one[found].tolist(), other[found].tolist(), strict=True):
        conflicts[a].add(b)
        conflicts[b].add(a)
    return conflicts


def _cut(
    keep: NDArray[np.bool_], suspect: NDArray[np.bool_], left: Ints, right: Ints, weight: NDArray[np.float64],
    conflicts: Conflicts, limit: int,
) -> NDArray[np.bool_]:  # fmt: skip
    """The links to keep after those of suspect components were grown anew."""
    at = np.flatnonzero(keep & suspect)
    result = keep.copy()
    result[at] = _grow(left[at], right[at], weight[at], conflicts, limit)
    return result


def kept_links(
    count: int, left: Ints, right: Ints, weight: NDArray[np.float64], contradicts: Contradicts, limit: int
) -> NDArray[np.bool_]:
    """Which links hold: components of the kept links have at most `limit` records and no contradiction."""
    keep = np.ones(len(left), dtype=bool)
    labels = components(count, left, right)
    is_large = np.bincount(labels, minlength=count)[labels] > limit
    if is_large.any():
        keep = _cut(keep, is_large[left], left, right, weight, {}, limit)
        labels = components(count, left[keep], right[keep])
    conflicts = _conflicts_within(labels, contradicts, limit)
    if conflicts:
        in_conflict = np.isin(labels, labels[sorted(conflicts)])
        keep = _cut(keep, in_conflict[left], left, right, weight, conflicts, limit)
    return keep
