"""Names and labels of clusters: named by what sets each apart, numbered as they were before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist, pdist

from models.clusters.features import SIDES, Numbers

APART = 0.5  # Standard deviations from the mean customer.
MOST_WORDS = 2
AVERAGE = "average"


def names(centres: Numbers) -> list[str]:
    """One name for each centre (in standard deviations); more words where two would be called the same."""
    count = MOST_WORDS
    while count < len(SIDES) and len({frozenset(_words(centre, count)) for centre in centres}) < len(centres):
        count += 1
    found = [", ".join(_words(centre, count)) or AVERAGE for centre in centres]
    return [name if found.count(name) == 1 else f"{name} ({place + 1})" for place, name in enumerate(found)]


def _words(centre: Numbers, count: int) -> list[str]:
    strongest = np.argsort(-np.abs(centre), kind="stable")[:count]
    apart = [place for place in strongest if abs(centre[place]) >= APART]
    return [SIDES[place].high if centre[place] > 0 else SIDES[place].low for place in apart]


def labels(centres: Numbers, before: Numbers, known: Sequence[int], highest: int = 0) -> list[int]:
    """A label for each centre: that of the earlier cluster in its place, else a new one above `highest`.

    `before` are the earlier centres in the same units and `known` their labels. An earlier cluster lives on
    in the nearest new one (each in at most one, by least total distance) unless that is farther away than
    half the distance between the two earlier clusters that were nearest to each other: then one could be
    mistaken for another.
    """
    given: dict[int, int] = {}
    if len(before):
        apart = cdist(centres, before)
        farthest = pdist(before).min() / 2 if len(before) > 1 else np.inf
        pairs = zip(*linear_sum_assignment(apart), strict=True)
        given = {int(new): known[old] for new, old in pairs if apart[new, old] <= farthest}
    following = iter(range(max([highest, *known], default=0) + 1, 1_000_000))
    return [given[i] if i in given else next(following) for i in range(len(centres))]
