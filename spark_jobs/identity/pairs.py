"""Pairs of record numbers, as two arrays with the smaller number on the left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Pairs = tuple[Ints, Ints]


def within(groups: Ints, members: Ints, reach: int) -> Pairs:
    """Pairs of members of one group that stand at most `reach` places apart. `groups` must be sorted.

    With a reach of the largest group's size less one these are all pairs of each group.
    """
    lefts, rights = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    at = np.arange(len(groups))
    for offset in range(1, reach + 1):
        at = at[at + offset < len(groups)]
        at = at[groups[at] == groups[at + offset]]
        if not len(at):
            break
        lefts.append(members[at])
        rights.append(members[at + offset])
    return ordered(np.concatenate(lefts), np.concatenate(rights))


def ordered(one: Ints, other: Ints) -> Pairs:
    """The smaller number left."""
    return np.minimum(one, other), np.maximum(one, other)
