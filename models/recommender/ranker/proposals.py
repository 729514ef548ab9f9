"""Which products are worth ranking for each customer, and what the simple models say of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

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


@dataclass(frozen=True)
class Proposing:
    """A model that proposes. `quickly` gives its k best where many scores are equal, which to sort is slow.

    It is asked for a slice of customers, k, and the cells that may not be proposed (rows x products).
    """

    score_rows: ScoreRows
    quickly: Callable[[slice, int, sparse.csr_matrix], NDArray[np.int64]] | None = None

    def best(
        self, rows: slice, k: int, hidden: sparse.csr_matrix, scores: NDArray[np.float32]
    ) -> NDArray[np.int64]:
        """Rows x k products; `scores` are those of the same rows."""
        if self.quickly is not None:
            return self.quickly(rows, k, hidden)
        visible = scores
        if hidden.nnz:
            visible = scores.copy()
            visible[hidden.nonzero()] = -np.inf
        return best(visible, k).products


def proposer(purchases: Purchases, models: Mapping[str, Proposing], k: int, hides_bought: bool) -> Propose:
    """The k best products of every model for a slice of customers.

    With `hides_bought` nothing that they bought before.
    """
    bought = purchases.bought()
    nothing = sparse.csr_matrix(bought.shape, dtype=np.float32)

    def propose(rows: slice) -> Proposals:
        start, stop, _ = rows.indices(bought.shape[0])
        asked = slice(start, stop)
        hidden = (bought if hides_bought else nothing)[asked]
        given = [model.score_rows(asked) for model in models.values()]
        chosen = np.zeros((stop - start, bought.shape[1]), dtype=bool)
        for model, scores in zip(models.values(), given, strict=True):
            products = model.best(asked, k, hidden, scores)
            is_there = products != NOTHING
            chosen[np.nonzero(is_there)[0], products[is_there]] = True
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
