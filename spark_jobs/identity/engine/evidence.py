"""The evidence that a record belongs to a set of records.

Attribute by attribute the mean of the pair ratios over the members that have the attribute, then the sum of
the logarithms: a mixture, in which the name may agree with one member and the place with another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spark_jobs.identity.engine.arrays import Floats, Ints, Levels, ranges
from spark_jobs.identity.engine.attribute import Attribute
from spark_jobs.identity.engine.weights import Weights

PAIRS_AT_ONCE = 1 << 19
MOST_MEMBERS = 40  # of a set that are compared: the mean of more says the same


@dataclass(frozen=True)
class Members:
    """The records of each cluster: those of cluster c are `records[starts[c] : starts[c] + sizes[c]]`."""

    records: Ints
    starts: Ints
    sizes: Ints

    @classmethod
    def of(cls, labels: Ints) -> Members:
        """`labels`: the smallest record number of each record's cluster."""
        sizes = np.bincount(labels, minlength=len(labels))
        return cls(np.argsort(labels, kind="stable"), np.cumsum(sizes) - sizes, sizes)

    def looked_at(self, clusters: Ints) -> Ints:
        """How many members of each cluster are compared."""
        return np.minimum(self.sizes[clusters], MOST_MEMBERS)


@dataclass(frozen=True)
class Items:
    """Records with a set each: sets are concatenated, `counts` says how long each is.

    `of` is the pair of clusters that an item belongs to.
    """

    of: Ints
    records: Ints
    sets: Ints
    counts: Ints


@dataclass(frozen=True)
class Scorer:
    """Scores records against sets by the ratios of a model.

    `clusters` that a record could belong to, when a frozen model says so; else as many as there are.
    """

    attributes: list[Attribute]
    weights: Weights
    clusters: int | None = None

    def log_prior(self, members: Members) -> float:
        """That a record belongs to one cluster and no other, before anything is compared."""
        there_are = int((members.sizes > 0).sum())
        return float(-np.log(max(self.clusters or there_are, 1)))

    def scores(self, items: Items) -> tuple[Floats, Floats]:
        """Evidence that each record is of its set, and that it is a relative; both against strangers.

        A record is not compared with itself. An empty set says nothing: 0.
        """
        records, sets, counts = items.records, items.sets, items.counts
        match, related = np.empty(len(records)), np.empty(len(records))
        ends = np.cumsum(counts)
        for first, last in _batches(ends):
            start = ends[first - 1] if first else 0
            item = np.repeat(np.arange(last - first), counts[first:last])
            found = self._batch(records[first:last][item], sets[start : ends[last - 1]], item, last - first)
            match[first:last], related[first:last] = found
        return match, related

    def _batch(self, records: Ints, members: Ints, item: Ints, count: int) -> tuple[Floats, Floats]:
        match, related = np.zeros(count), np.zeros(count)
        apart = records != members
        records, members, item = records[apart], members[apart], item[apart]
        for number, attribute in enumerate(self.attributes):
            level = attribute.compare(records, members)
            told = np.bincount(item, level > 0, count).astype(np.float64)
            match += _log_mean(self.weights.match_ratios[number], level, told, item)
            if self.weights.prior_related:
                related += _log_mean(self.weights.related_ratios[number], level, told, item)
        return match, related


def _log_mean(log_ratios: Floats, level: Levels, told: Floats, item: Ints) -> Floats:
    """Logarithm of the mean ratio of each item over the pairs that say something; 0 where none does."""
    ratio = np.exp(log_ratios)
    ratio[0] = 0.0
    mean = np.bincount(item, ratio[level], len(told)) / np.maximum(told, 1)
    return np.where(told > 0, np.log(np.maximum(mean, 1e-30)), 0.0)


def _batches(ends: Ints) -> Iterator[tuple[int, int]]:
    """Ranges of items of which each holds about PAIRS_AT_ONCE pairs."""
    first = 0
    while first < len(ends):
        start = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, start + PAIRS_AT_ONCE, side="right")))
        yield first, last
        first = last


def _ranked(members: Members, clusters: Ints) -> tuple[Ints, Ints, Ints]:
    """Every record of each cluster that is looked at: which cluster of the list, its rank, the record."""
    few = members.looked_at(clusters)
    of = np.repeat(np.arange(len(clusters)), few)
    rank = ranges(np.zeros(len(clusters), np.int64), few)
    return of, rank, members.records[members.starts[clusters][of] + rank]


def joined(members: Members, one: Ints, other: Ints) -> Items:
    """For the k-th record of cluster `one`: the set of `other` and the k earlier records of `one`."""
    of, rank, records = _ranked(members, one)
    few = members.looked_at(other)[of]
    # One range of places for the other cluster, one for the earlier records, alternating.
    starts = np.column_stack([members.starts[other][of], members.starts[one][of]]).ravel()
    lengths = np.column_stack([few, rank]).ravel()
    return Items(of, records, members.records[ranges(starts, lengths)], few + rank)


def earlier(members: Members, clusters: Ints) -> Items:
    """Each record of a cluster with the records before it."""
    of, rank, records = _ranked(members, clusters)
    return Items(of, records, members.records[ranges(members.starts[clusters][of], rank)], rank)


def facing(members: Members, one: Ints, other: Ints) -> Items:
    """Each record of cluster `one` with cluster `other`."""
    of, _, records = _ranked(members, one)
    return placed(members, records, other[of], of)


def placed(members: Members, records: Ints, clusters: Ints, of: Ints | None = None) -> Items:
    """Each record with a cluster."""
    few = members.looked_at(clusters)
    sets = members.records[ranges(members.starts[clusters], few)]
    return Items(np.arange(len(records)) if of is None else of, records, sets, few)
