"""The same list for everybody: what most customers bought lately. The baseline that a model has to beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.recommender.purchases import Purchases
from models.recommender.ranking import NOTHING
from models.recommender.scores import ScoreRows


def most_popular(count_buyers: NDArray[np.float32], k: int, hidden: sparse.csr_matrix) -> NDArray[np.int64]:
    """Rows x k of the most popular products, without the cells that are set in `hidden` (rows x products).

    One order for all: who hides n products finds k others among the first k + n.
    """
    most = int(np.diff(hidden.indptr).max(initial=0))
    order = np.lexsort((np.arange(len(count_buyers)), -count_buyers))[: k + most]
    is_free = hidden[:, order].toarray() == 0
    first = np.argsort(~is_free, axis=1, kind="stable")[:, :k]
    products = np.full((hidden.shape[0], k), NOTHING, dtype=np.int64)
    chosen = np.where(np.take_along_axis(is_free, first, axis=1), order[first], NOTHING)
    products[:, : first.shape[1]] = chosen
    return products


def fit(purchases: Purchases, *, window_days: int) -> ScoreRows:
    """Score = customers who bought the product in the last `window_days`."""
    count_buyers = purchases.count_buyers(window_days)

    def score(rows: slice) -> NDArray[np.float32]:
        count_rows = len(range(*rows.indices(purchases.shape[0])))
        return np.tile(count_buyers, (count_rows, 1))

    return score
