"""Which products are worth ranking for each customer, and what the simple models say of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.recommender.purchases import Purchases
from models.recommender.ranking import NOTHING, THREADS, best
from models.recommender.scores import ScoreRows

ROWS_AT_ONCE = 128


@dataclass(frozen=True)
class Proposals:
    """Pairs by customer, then product, with the score that each model gives the pair."""

    customer: NDArray[np.int64]
    product: NDArray[np.int64]
    scores: NDArray[np.float32]  # pairs x models

    def __len__(self) -> int:
        return len(self.customer)

    def where(self, kept: NDArray[np.bool_]) -> Proposals:
        """Some of the pairs."""
        return Proposals(self.customer[kept], self.product[kept], self.scores[kept])

    def of(self, rows: slice) -> Proposals:
        """The pairs of a slice of customers."""
        first, end = np.searchsorted(self.customer, [rows.start, rows.stop])
        return Proposals(self.customer[first:end], self.product[first:end], self.scores[first:end])


Propose = Callable[[slice], Proposals]


def _choose(chosen: NDArray[np.bool_], scores: NDArray[np.float32], k: int) -> None:
    """Set the k best of each row."""
    products = best(scores, k).products
    row = np.nonzero(products != NOTHING)[0]
    chosen[row, products[products != NOTHING]] = True


def proposer(purchases: Purchases, models: Mapping[str, ScoreRows], k: int, hides_bought: bool) -> Propose:
    """The k best products of every model for a slice of customers.

    With `hides_bought` nothing that they bought before.
    """
    bought = purchases.bought()

    def propose(rows: slice) -> Proposals:
        start, stop, _ = rows.indices(bought.shape[0])
        own = bought[start:stop].nonzero()
        given = [score(slice(start, stop)) for score in models.values()]
        chosen = np.zeros((stop - start, bought.shape[1]), dtype=bool)
        for scores in given:
            visible = scores
            if hides_bought:
                visible = scores.copy()
                visible[own] = -np.inf
            _choose(chosen, visible, k)
        row, product = np.nonzero(chosen)
        return Proposals(row + start, product, np.column_stack([scores[row, product] for scores in given]))

    return propose


def everybody(purchases: Purchases, propose: Propose) -> Proposals:
    """The proposals of all customers: some 3 kB each."""
    starts = range(0, purchases.shape[0], ROWS_AT_ONCE)
    slices = [slice(start, start + ROWS_AT_ONCE) for start in starts]
    with ThreadPoolExecutor(THREADS) as threads:
        parts = list(threads.map(propose, slices)) or [propose(slice(0, 0))]
    return Proposals(
        np.concatenate([part.customer for part in parts]),
        np.concatenate([part.product for part in parts]),
        np.concatenate([part.scores for part in parts]),
    )
