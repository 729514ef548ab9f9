"""What may never be one customer: records that contradict each other, and those that somebody parted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spark_jobs.identity import cluster, compare
from spark_jobs.identity.compare import Bools, Forms
from spark_jobs.identity.contradiction import Contradictions
from spark_jobs.identity.decisions import Decisions
from spark_jobs.identity.pairs import Ints

SURE = 4.0  # weight of a link that somebody made: identifiers give way to it


@dataclass(frozen=True)
class Guard:
    """Tells which pairs of record numbers must stay apart.

    `groups`: records that somebody put together, directly or through others, have one number. Between them
    names and birth dates contradict nothing.
    """

    forms: Forms
    contradictions: Contradictions
    cannot: frozenset[tuple[int, int]]
    groups: Ints

    @classmethod
    def of(cls, forms: Forms, contradictions: Contradictions, decisions: Decisions, labels: Ints) -> Guard:
        """`labels`: clusters by identifiers, which what people put together joins whole."""
        cannot = frozenset(zip(*(side.tolist() for side in decisions.cannot), strict=True))
        left, right = kept_together(decisions, labels)
        count = len(labels)
        members = np.flatnonzero(labels != np.arange(count))
        groups = cluster.components(
            count, np.concatenate([members, left]), np.concatenate([labels[members], right])
        )
        return cls(forms, contradictions, cannot, np.where(_is_joined(groups, left), groups, -1))

    def parted(self, one: Ints, other: Ints) -> Bools:
        """Which pairs somebody said are two."""
        if not self.cannot:
            return np.zeros(len(one), bool)
        pairs = zip(np.minimum(one, other).tolist(), np.maximum(one, other).tolist(), strict=True)
        return np.fromiter((pair in self.cannot for pair in pairs), bool, len(one))

    def among(self, one: Ints, other: Ints) -> Bools:
        """Which pairs must stay apart."""
        found = self.contradictions.among(compare.name_and_birth_levels(self.forms, one, other))
        together = (self.groups[one] >= 0) & (self.groups[one] == self.groups[other])
        return (found & ~together) | self.parted(one, other)


def _is_joined(groups: Ints, left: Ints) -> Bools:
    return np.isin(groups, groups[left])


def kept_together(decisions: Decisions, labels: Ints) -> tuple[Ints, Ints]:
    """The pairs somebody put together, less those that would join what somebody parted."""
    left, right = decisions.must
    if not len(left):
        return left, right
    parted: dict[int, set[int]] = {}
    for one, other in zip(*(side.tolist() for side in decisions.cannot), strict=True):
        parted.setdefault(one, set()).add(other)
        parted.setdefault(other, set()).add(one)

    def is_parted(one: Ints, other: Ints) -> Bools:
        pairs = zip(one.tolist(), other.tolist(), strict=True)
        return np.fromiter((b in parted.get(a, ()) for a, b in pairs), bool, len(one))

    # Links by identifiers stand for the clusters here: what was parted inside one is parted by its own rule.
    members = np.flatnonzero(labels != np.arange(len(labels)))
    all_left, all_right = np.concatenate([members, left]), np.concatenate([labels[members], right])
    weight = np.concatenate([np.full(len(members), SURE + 1), np.full(len(left), SURE)])
    keep = cluster.kept_links(len(labels), all_left, all_right, weight, is_parted, len(labels))
    held = keep[len(members) :]
    return left[held], right[held]
