"""Words that stand for each other, learnt from the clusters: nicknames, old and new names of a place.

Two words are aliases when they are what two records of one cluster do not share, in several clusters and far
oftener than by chance.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spark_jobs.identity.engine.align import leftover, relation
from spark_jobs.identity.engine.arrays import Codes, Ints, chunks, packed, unpacked
from spark_jobs.identity.engine.attribute import Attribute
from spark_jobs.identity.engine.bag import Bag

LEAST_CLUSTERS, LEAST_LIFT, LEAST_SHARE = 4, 20.0, 0.05
MOST_PAIRS = 1_000_000


def _single(words: Ints, lone: np.ndarray) -> tuple[Ints, np.ndarray]:
    """The only word of each pair's side without a partner, and whether there is just one."""
    return np.where(lone, words, -1).max(axis=0), lone.sum(axis=0) == 1


def _observed(bag: Bag, left: Ints, right: Ints, labels: Ints) -> tuple[Codes, Ints]:
    """Pairs of words that two records of a cluster have instead of each other, once per cluster."""
    found = []
    for at in chunks(len(left)):
        one, other = bag.words[:, left[at]], bag.words[:, right[at]]
        lone, lonely = leftover(one, other)
        (a, is_single), (b, is_single_too) = _single(one, lone), _single(other, lonely)
        rows = np.flatnonzero(is_single & is_single_too)
        a, b = a[rows].astype(np.int64), b[rows].astype(np.int64)
        far = relation(a, b, bag.vocabulary, np.empty(0, np.uint64)) == 0
        cluster = labels[left[at]][rows[far]]
        found.append(
            np.column_stack([packed(np.minimum(a, b), np.maximum(a, b))[far], cluster.astype(np.uint64)])
        )
    rows = np.unique(np.concatenate(found), axis=0) if found else np.empty((0, 2), np.uint64)
    return rows[:, 0].astype(np.uint64), rows[:, 1].astype(np.int64)


def learn(bag: Bag, left: Ints, right: Ints, labels: Ints) -> Codes:
    """Ascending codes of pairs of words; `left` and `right` are pairs of records of one cluster each."""
    codes, _ = _observed(bag, left[:MOST_PAIRS], right[:MOST_PAIRS], labels)
    pairs, counts = np.unique(codes, return_counts=True)
    if not len(pairs):
        return pairs
    one, other = unpacked(pairs)
    of = np.bincount(
        np.concatenate([one, other]), np.concatenate([counts, counts]), len(bag.vocabulary.words)
    )
    lift = counts * counts.sum() / (of[one] * of[other])
    share = counts / np.minimum(of[one], of[other])
    good = (counts >= LEAST_CLUSTERS) & (lift >= LEAST_LIFT) & (share >= LEAST_SHARE)
    return pairs[good]


def with_aliases(attributes: list[Attribute], left: Ints, right: Ints, labels: Ints) -> list[Attribute]:
    """The attributes, with the aliases of each bag of words added; the same objects where none were found."""
    return [
        _taught(attribute, learn(attribute, left, right, labels)) if isinstance(attribute, Bag) else attribute
        for attribute in attributes
    ]


def _taught(bag: Bag, learnt: Codes) -> Bag:
    known = np.union1d(bag.aliases, learnt)
    return replace(bag, aliases=known) if len(known) > len(bag.aliases) else bag
