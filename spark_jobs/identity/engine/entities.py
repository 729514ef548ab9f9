"""Merge clusters that are one entity, and move records to the entity that they fit best.

Joining A into B is scored by the chain rule: for each record of A, what B and the earlier records of A say,
less what the earlier ones of A say alone. Without it two large clusters join through a shared town and trade.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spark_jobs.identity.engine import evidence
from spark_jobs.identity.engine.arrays import Bools, Codes, Floats, Ints, contains, packed, unique, unpacked
from spark_jobs.identity.engine.evidence import Members, Scorer
from spark_jobs.identity.engine.linkage import mutual_best

MERGE_ROUNDS, MOVE_ROUNDS = 6, 2
MOVE_GAIN, ALONE_BELOW = 0.5, -0.5


@dataclass(frozen=True)
class Ties:
    """Pairs of records that are likely one (p > 0.5), and pairs that must stay apart."""

    left: Ints
    right: Ints
    cannot_left: Ints
    cannot_right: Ints


def _between(labels: Ints, left: Ints, right: Ints) -> Codes:
    """The pairs of clusters that pairs of records connect, each once."""
    one, other = labels[left], labels[right]
    apart = one != other
    return unique(packed(np.minimum(one, other)[apart], np.maximum(one, other)[apart]))


def join_scores(scorer: Scorer, members: Members, one: Ints, other: Ints) -> Floats:
    """The chain rule for each pair of clusters, with the smaller cluster joining the larger; no prior.

    That both are relatives is as likely as the record of the smaller one says that is most like a relative.
    """
    smaller = members.sizes[one] <= members.sizes[other]
    small, large = np.where(smaller, one, other), np.where(smaller, other, one)
    items = evidence.joined(members, small, large)
    total = np.bincount(items.of, scorer.scores(items)[0], len(one))
    different, back = np.unique(small, return_inverse=True)
    items = evidence.earlier(members, different)
    alone = np.bincount(items.of, scorer.scores(items)[0], len(different))
    related = np.full(len(one), -np.inf)
    if scorer.weights.prior_related:
        items = evidence.facing(members, small, large)
        np.maximum.at(related, items.of, scorer.scores(items)[1])
    return scorer.weights.less_related(np.asarray(total - alone[back], np.float64), related)


def merge(labels: Ints, ties: Ties, scorer: Scorer, order: Codes, least: float = 0.0) -> Ints:
    """Join clusters that are each other's best and above `least`, for some rounds. `order` breaks ties."""
    labels = labels.copy()
    known_codes, known_scores = np.empty(0, np.uint64), np.empty(0)
    for _ in range(MERGE_ROUNDS):
        codes = _between(labels, ties.left, ties.right)
        codes = codes[~contains(codes, _between(labels, ties.cannot_left, ties.cannot_right))]
        scores = _remembered(codes, known_codes, known_scores)
        new = np.flatnonzero(np.isnan(scores))
        members = Members.of(labels)
        scores[new] = join_scores(scorer, members, *unpacked(codes[new]))
        prior = scorer.log_prior(members)
        one, other = unpacked(codes)
        good = np.flatnonzero(scores + prior > least)
        chosen = good[mutual_best(len(labels), one[good], other[good], np.round(scores[good], 9), order)]
        if not len(chosen):
            break
        target = np.arange(len(labels))
        target[other[chosen]] = one[chosen]
        changed = np.zeros(len(labels), bool)
        changed[one[chosen]] = changed[other[chosen]] = True
        still = ~(changed[one] | changed[other])
        known_codes, known_scores = codes[still], scores[still]
        labels = target[labels]
    return labels


def _remembered(codes: Codes, known: Codes, scores: Floats) -> Floats:
    """The scores of pairs of clusters that did not change since the last round; NaN for the others."""
    found = np.full(len(codes), np.nan)
    is_known = contains(codes, known)
    found[is_known] = scores[np.searchsorted(known, codes[is_known])]
    return found


def _place_scores(members: Members, scorer: Scorer, records: Ints, clusters: Ints) -> Floats:
    """Log-odds that each record belongs to the cluster, with the prior."""
    match, related = scorer.scores(evidence.placed(members, records, clusters))
    return scorer.weights.less_related(match + scorer.log_prior(members), related)


def own_scores(labels: Ints, scorer: Scorer) -> Floats:
    """What the rest of its cluster says of each record, with the prior; 0 for a record that is alone."""
    members, scores = Members.of(labels), np.zeros(len(labels))
    records = np.flatnonzero(members.sizes[labels] > 1)
    scores[records] = _place_scores(members, scorer, records, labels[records])
    return scores


def _elsewhere(labels: Ints, ties: Ties) -> tuple[Ints, Ints]:
    """Records and the other clusters where they have a likely pair, but for those they must stay out of."""

    def reached(left: Ints, right: Ints) -> Codes:
        records, clusters = np.concatenate([left, right]), labels[np.concatenate([right, left])]
        apart = labels[records] != clusters
        return unique(packed(records[apart], clusters[apart]))

    codes = reached(ties.left, ties.right)
    return unpacked(codes[~contains(codes, reached(ties.cannot_left, ties.cannot_right))])


def _best_other(labels: Ints, ties: Ties, scorer: Scorer) -> tuple[Floats, Ints]:
    """For each record the score of the best other cluster, and which; minus infinity for none."""
    records, clusters = _elsewhere(labels, ties)
    scores = np.round(_place_scores(Members.of(labels), scorer, records, clusters), 9)
    best, where = np.full(len(labels), -np.inf), np.arange(len(labels))
    order = np.lexsort((-clusters, scores))
    best[records[order]], where[records[order]] = scores[order], clusters[order]
    return best, where


def move(labels: Ints, ties: Ties, scorer: Scorer, stays: Bools | None = None) -> Ints:
    """Move records that fit another cluster better by MOVE_GAIN, and set free those that fit none.

    Records that an identifier or a person put where they are stay there.
    """
    free = np.ones(len(labels), bool) if stays is None else ~stays
    for _ in range(MOVE_ROUNDS):
        own = own_scores(labels, scorer)
        best, where = _best_other(labels, ties, scorer)
        moves = _apart(free & (best >= np.maximum(own, 0) + MOVE_GAIN), best, where, ties)
        leaves = free & ~moves & (own < ALONE_BELOW)
        if not (moves.any() or leaves.any()):
            break
        labels = _settled(labels, moves, leaves, where)
    return labels


def _apart(moves: Bools, best: Floats, where: Ints, ties: Ties) -> Bools:
    """Of two that must stay apart and move to one cluster at once, only the one that fits it better moves."""
    one, other = ties.cannot_left, ties.cannot_right
    meet = moves[one] & moves[other] & (where[one] == where[other])
    one, other = one[meet], other[meet]
    is_worse = (best[one] < best[other]) | ((best[one] == best[other]) & (one > other))
    moves = moves.copy()
    moves[np.where(is_worse, one, other)] = False
    return moves


def _settled(labels: Ints, moves: Bools, leaves: Bools, where: Ints) -> Ints:
    """Labels after the moves, again the smallest record number of each cluster."""
    count = len(labels)
    changed = np.where(moves, where, labels)
    changed = np.where(leaves, count + np.arange(count), changed)  # a label of its own
    _, dense = np.unique(changed, return_inverse=True)
    smallest = np.full(dense.max(initial=-1) + 1, count, np.int64)
    np.minimum.at(smallest, dense, np.arange(count))
    return smallest[dense]
