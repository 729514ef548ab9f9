"""What happens to a ranking before anybody sees it: not too much of one kind, and some variety.

Maximal marginal relevance: Carbonell and Goldstein 1998, "The use of MMR, diversity-based reranking".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from models.recommender.purchases import Catalogue
from models.recommender.ranking import NOTHING, Ranking

DAMPING = 60.0
OVER_A_CAP, MISSING = 10.0, -100.0  # Below any worth, which is -1 to 1.


class Rules(BaseModel):
    """Rules of a placement; the default changes nothing.

    `variety` is the weight of being unlike what stands above (0 to 1) against the rank itself. Beyond
    `most_of_type` products of one type and `most_of_category` of one category the others come first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    variety: float = Field(default=0.0, ge=0, le=1)
    most_of_type: int | None = Field(default=None, ge=1)
    most_of_category: int | None = Field(default=None, ge=1)

    @property
    def change_nothing(self) -> bool:
        """Whether a ranking stays as it is."""
        return self == Rules()


@dataclass
class _Shelf:
    """How many of each candidate's type and category stand above, row by row, while a list is made."""

    types: NDArray[np.int64]  # rows x candidates
    categories: NDArray[np.int64]

    def __post_init__(self) -> None:
        self.of_type, self.of_category = np.zeros_like(self.types), np.zeros_like(self.types)

    def put(self, chosen: NDArray[np.int64]) -> None:
        """The candidate `chosen` of each row stands on the shelf now."""
        rows = np.arange(len(chosen))
        self.of_type += self.types == self.types[rows, chosen][:, None]
        self.of_category += self.categories == self.categories[rows, chosen][:, None]

    def worth(self, relevance: NDArray[Any], rules: Rules) -> NDArray[np.float64]:
        """Relevance less what is alike; far below it where a cap is reached."""
        likeness = 0.5 * (self.of_type > 0) + 0.5 * (self.of_category > 0)
        worth = (1 - rules.variety) * relevance - rules.variety * likeness
        full = np.zeros(self.types.shape, dtype=bool)
        if rules.most_of_type is not None:
            full |= self.of_type >= rules.most_of_type
        if rules.most_of_category is not None:
            full |= self.of_category >= rules.most_of_category
        return np.where(full, relevance - OVER_A_CAP, worth)


def apply(ranking: Ranking, catalogue: Catalogue, rules: Rules) -> Ranking:
    """The ranking in the order that the rules give it; what a cap leaves out comes last.

    Relevance is 1 / (DAMPING + rank), scaled to 1: no two models' scores can be compared with likeness.
    """
    products = ranking.products
    if rules.change_nothing or products.size == 0:
        return ranking
    is_there = products != NOTHING
    groups = (catalogue.groups[level][products] for level in ("product_type", "product_category"))
    shelf = _Shelf(*(np.where(is_there, group, -1) for group in groups))
    relevance = (DAMPING + 1) / (DAMPING + 1 + np.arange(products.shape[1]))
    order, is_free = np.empty_like(products), np.ones_like(is_there)
    for place in range(products.shape[1]):
        worth = np.where(is_there, shelf.worth(relevance, rules), MISSING)
        chosen = np.where(is_free, worth, -np.inf).argmax(axis=1)
        order[:, place] = chosen
        is_free[np.arange(len(chosen)), chosen] = False
        shelf.put(chosen)
    scores = np.take_along_axis(ranking.scores, order, axis=1)
    return Ranking(np.take_along_axis(products, order, axis=1), scores)
