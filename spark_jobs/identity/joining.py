"""Clusters of named records: what is likely enough comes together, what contradicts never does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spark_jobs.identity import pairs
from spark_jobs.identity.engine import entities, linkage
from spark_jobs.identity.engine.arrays import Bools, Codes, Ints, contains, packed, unique, unpacked
from spark_jobs.identity.engine.entities import Ties
from spark_jobs.identity.guard import Guard
from spark_jobs.identity.named import Named
from spark_jobs.identity.similar import Scored


@dataclass(frozen=True)
class Apart:
    """What must stay apart: `guard` tells of any pair of the night's numbers; `known` are pairs of places.

    `held` records were put where they are by an identifier or a person, and do not move alone.
    """

    guard: Guard
    known: Codes
    held: Bools

    @classmethod
    def of(cls, scored: Scored, guard: Guard, labels: Ints) -> Apart:
        """From the pairs that could come together; `labels` are the clusters of identifiers, by number."""
        named = scored.named
        near = _near(scored, named.labels(labels))
        against = near[guard.among(scored.left[near], scored.right[near])]
        parted = np.array(sorted(guard.cannot), np.int64).reshape(-1, 2)
        known = np.union1d(
            packed(scored.one[against], scored.other[against]), named.codes(parted[:, 0], parted[:, 1])
        )
        sizes = np.bincount(labels, minlength=len(labels))
        return cls(guard, known, (sizes[labels] > 1)[named.numbers])

    def only(self, places: Bools, more: Codes) -> Apart:
        """Of some of the places, numbered anew, with more pairs that must stay apart."""
        one, other = unpacked(np.union1d(self.known, more))
        anew, both = np.cumsum(places) - 1, places[one] & places[other]
        return Apart(self.guard, packed(anew[one[both]], anew[other[both]]), self.held[places])


def connected(scored: Scored, start: Ints) -> Ints:
    """The component of each place: what likely pairs and `start` connect, directly or through others."""
    likely = scored.log_odds > 0
    members = np.flatnonzero(start != np.arange(len(start)))
    return linkage.components(
        len(start),
        np.concatenate([scored.one[likely], members]),
        np.concatenate([scored.other[likely], start[members]]),
    )


def _near(scored: Scored, start: Ints) -> Ints:
    """The pairs within one component."""
    component = connected(scored, start)
    return np.flatnonzero(component[scored.one] == component[scored.other])


def clusters(scored: Scored, start: Ints, least: float, apart: Apart) -> Ints:
    """Clusters of places that hold no contradiction, each as its smallest place.

    `start`: clusters to begin with; `least`: log-odds above which clusters join. A contradiction between two
    records that nothing compared shows only when a cluster holds both: such pairs are then kept apart, and
    the components that hold them are decided again.
    """
    labels = _once(scored, start, least, apart.known, apart.held)
    new = _conflicts(scored.named, labels, apart.guard)
    new = new[~contains(new, apart.known)]  # What an identifier holds together stays so, whoever objects.
    if len(new):
        component, is_open = connected(scored, start), np.zeros(len(labels), bool)
        is_open[component[np.concatenate(unpacked(new))]] = True
        is_open = is_open[component]
        places, anew = np.flatnonzero(is_open), np.cumsum(is_open) - 1
        part = clusters(scored.only(is_open), anew[start[places]], least, apart.only(is_open, new))
        labels[places] = places[part]
    return labels


def _once(scored: Scored, start: Ints, least: float, cannot: Codes, held: Bools) -> Ints:
    records, scorer, (apart_left, apart_right) = scored.named.records, scored.scorer, unpacked(cannot)
    is_free = ~contains(packed(scored.one, scored.other), cannot)
    left = np.concatenate([scored.one[is_free], apart_left])
    right = np.concatenate([scored.other[is_free], apart_right])
    log_odds = np.concatenate([scored.log_odds[is_free], np.full(len(cannot), linkage.CANNOT)])
    labels = linkage.agglomerate(records.count, left, right, log_odds, records.ties, start, least)
    likely = is_free & (scored.log_odds > 0)
    ties = Ties(scored.one[likely], scored.other[likely], apart_left, apart_right)
    labels = entities.merge(labels, ties, scorer, records.ties, least)
    return entities.move(labels, ties, scorer, held)


def _conflicts(named: Named, labels: Ints, guard: Guard) -> Codes:
    """Pairs of places within one cluster that must stay apart."""
    order = np.argsort(labels, kind="stable")
    largest = int(np.bincount(labels).max(initial=1))
    one, other = pairs.within(labels[order], order, largest - 1)
    found = guard.among(named.numbers[one], named.numbers[other])
    return unique(packed(one[found], other[found]))
