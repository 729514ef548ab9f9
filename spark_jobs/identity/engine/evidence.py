"""The evidence that a record belongs to a set of records.

Attribute by attribute the mean of the pair ratios over the members that have the attribute, then the sum of
the logarithms: a mixture, in which the name may agree with one member and the place with another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spark_jobs.identity.engine.arrays import Floats, Ints, ranges
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
class Scorer:
    """Scores records against sets by the ratios of a model."""

    attributes: list[Attribute]
    weights: Weights

    def scores(self, records: Ints, sets: Ints, counts: Ints) -> Floats:
        """Evidence of each record for its set; sets are concatenated in `sets`, `counts` says how long each is.

        A record is not compared with itself. An empty set says nothing: 0.
        """
        found = np.empty(len(records))
        ends = np.cumsum(counts)
        for first, last in _batches(ends):
            start = ends[first - 1] if first else 0
            members = sets[start : ends[last - 1]]
            item = np.repeat(np.arange(last - first), counts[first:last])
            found[first:last] = self._batch(records[first:last][item], members, item, last - first)
        return found

    def _batch(self, records: Ints, members: Ints, item: Ints, count: int) -> Floats:
        total = np.zeros(count)
        apart = records != members
        records, members, item = records[apart], members[apart], item[apart]
        for attribute, log_ratio in zip(self.attributes, self.weights.log_ratios, strict=True):
            level = attribute.compare(records, members)
            ratio = np.exp(log_ratio)
            ratio[0] = 0.0  # no say
            told = np.bincount(item, level > 0, count)
            mean = np.bincount(item, ratio[level], count) / np.maximum(told, 1)
            total += np.where(told > 0, np.log(np.maximum(mean, 1e-30)), 0.0)
        return total


def _batches(ends: Ints) -> Iterator[tuple[int, int]]:
    """Ranges of items of which each holds about PAIRS_AT_ONCE pairs."""
    first = 0
    while first < len(ends):
        start = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, start + PAIRS_AT_ONCE, side="right")))
        yield first, last
        first = last


def joined(members: Members, one: Ints, other: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Items of the chain rule for joining cluster `one` into `other`.

    For the k-th record of `one`: the set of `other` and the k earlier records. Returns the pair of clusters of
    each item, its record, the sets and how long each is.
    """
    few = members.looked_at(one)
    pair = np.repeat(np.arange(len(one)), few)
    rank = ranges(np.zeros(len(one), np.int64), few)
    records = members.records[members.starts[one][pair] + rank]
    counts = members.looked_at(other)[pair] + rank
    # One range of places for the other cluster, one for the earlier records, alternating.
    starts = np.column_stack([members.starts[other][pair], members.starts[one][pair]]).ravel()
    lengths = np.column_stack([members.looked_at(other)[pair], rank]).ravel()
    return pair, records, members.records[ranges(starts, lengths)], counts


def earlier(members: Members, clusters: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Items of each record of a cluster for the records before it; as `joined`."""
    few = members.looked_at(clusters)
    pair = np.repeat(np.arange(len(clusters)), few)
    rank = ranges(np.zeros(len(clusters), np.int64), few)
    records = members.records[members.starts[clusters][pair] + rank]
    return pair, records, members.records[ranges(members.starts[clusters][pair], rank)], rank
