"""Why records are one customer: the strongest path between two of them, and which links hold them together.

Works on rows of identity.links alone: levels and weights, no personal data.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, maximum_flow, minimum_spanning_tree

Row = dict[str, Any]
LIKELY_RULES = ("similar", "spelled")


@dataclass(frozen=True)
class Graph:
    """The records of one customer and the links between them, one row per pair and rule."""

    records: list[str]
    links: list[Row]

    @classmethod
    def of(cls, records: Sequence[str], links: Sequence[Row]) -> Graph:
        """Links with an end outside are left out."""
        held = set(records)
        inside = [
            link | {"steps": json.loads(link["evidence"] or "[]")}
            for link in links
            if link["record_key_1"] in held and link["record_key_2"] in held
        ]
        return cls(sorted(held), inside)

    def _matrix(self, cost: Callable[[Row], float]) -> csr_matrix:
        """One entry per linked pair: the cost of its strongest link."""
        number = {record: at for at, record in enumerate(self.records)}
        pairs = {tuple(sorted((link["record_key_1"], link["record_key_2"]))): None for link in self.links}
        costs = [cost(self.between(*pair)[0]) for pair in pairs]
        places = np.array([[number[one], number[other]] for one, other in pairs], np.int64).reshape(-1, 2)
        count = len(self.records)
        return csr_matrix((costs, (places[:, 0], places[:, 1])), shape=(count, count))

    def between(self, one: str, other: str) -> list[Row]:
        """The links of two records, the strongest first."""
        pair = sorted((one, other))
        found = [link for link in self.links if [link["record_key_1"], link["record_key_2"]] == pair]
        return sorted(found, key=lambda link: (-strength(link), link["rule"]))

    def path(self, one: str, other: str) -> list[Row]:
        """The strongest link of each step of the path whose weakest step is strongest; none without one."""
        tree = minimum_spanning_tree(self._matrix(_weakness))
        start, goal = self.records.index(one), self.records.index(other)
        before = breadth_first_order(tree, start, directed=False)[1]
        steps, at = [], goal
        while at != start:
            if before[at] < 0:
                return []
            steps.append(self.between(self.records[before[at]], self.records[at])[0])
            at = int(before[at])
        return steps[::-1]

    def cut(self, one: str, other: str) -> list[Row]:
        """The fewest links that would have to fall for two records to part, and the weakest of as few.

        The links of one pair count once.
        """
        start, goal = self.records.index(one), self.records.index(other)
        matrix = self._matrix(_resistance)
        capacity = (matrix + matrix.T).astype(np.int32)
        residual = capacity - maximum_flow(csr_matrix(capacity), start, goal).flow
        residual.eliminate_zeros()
        side = {self.records[at] for at in breadth_first_order(csr_matrix(residual), start, True, False)}
        return [
            link for link in self.links if (link["record_key_1"] in side) != (link["record_key_2"] in side)
        ]

    def holding(self) -> list[Row]:
        """The strongest links that hold all records together: one fewer than records."""
        tree = minimum_spanning_tree(self._matrix(_weakness)).tocoo()
        pairs = sorted(zip(tree.row.tolist(), tree.col.tolist(), strict=True))
        return [self.between(self.records[a], self.records[b])[0] for a, b in pairs]


def _weakness(link: Row) -> float:
    return 2.0 - strength(link)


def _resistance(link: Row) -> float:
    """How many pairs are cut decides; only between as few does it matter how strong they are."""
    return 100_000 + round(100 * strength(link))


def strength(link: Row) -> float:
    """1.5 for a decision of a person, 1 for an identifier, a little less than its probability else."""
    if link["rule"] == "manual":
        return 1.5
    return float(link["probability"]) * (0.99 if link["rule"] in LIKELY_RULES else 1.0)


def told(link: Row) -> str:
    """A link in words."""
    if link["rule"] == "manual":
        return "somebody put them together"
    if link["rule"] == "similar":
        return f"they say the same (p = {link['probability']:.4f})"
    if link["rule"] == "spelled":
        return f"the e-mail address spells the name (p = {link['probability']:.4f})"
    return f"they share a value of the kind {link['rule']}"
