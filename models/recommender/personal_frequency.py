"""What this customer buys often and bought lately: the strong model of repeat buying.

Groceries are mostly bought again, and a count with decay finds what is due better than any factorisation
(Hu et al. 2020, "Modeling personalized item frequency information for next-basket recommendation").
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.recommender.purchases import Purchases
from models.recommender.ranking import NOTHING
from models.recommender.scores import ScoreRows

# Orders the products that a customer never bought; smaller than any count that matters.
POPULARITY_SHARE = 1e-6
POPULARITY_WINDOW_DAYS = 28


def most_bought(frequency: sparse.csr_matrix, k: int) -> NDArray[np.int64]:
    """Rows x k of the products with the highest cells, equal ones by product, NOTHING beyond them."""
    products = np.full((frequency.shape[0], k), NOTHING, dtype=np.int64)
    for row, (start, stop) in enumerate(pairwise(frequency.indptr)):
        own, often = frequency.indices[start:stop], frequency.data[start:stop]
        first = np.lexsort((own, -often))[:k]
        products[row, : len(first)] = own[first]
    return products


def fit(purchases: Purchases, *, half_life_days: float) -> ScoreRows:
    """Score = purchase days of the customer, each counting half after every `half_life_days`."""
    frequency = purchases.weighted(half_life_days)
    count_buyers = purchases.count_buyers(POPULARITY_WINDOW_DAYS)
    rest = count_buyers * np.float32(POPULARITY_SHARE / max(1.0, count_buyers.max(initial=0.0)))

    def score(rows: slice) -> NDArray[np.float32]:
        return np.asarray(frequency[rows].toarray() + rest, dtype=np.float32)

    return score
