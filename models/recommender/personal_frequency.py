"""What this customer buys often and bought lately: the strong model of repeat buying.

Groceries are mostly bought again, and a count with decay finds what is due better than any factorisation
(Hu et al. 2020, "Modeling personalized item frequency information for next-basket recommendation").
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.recommender.purchases import Purchases
from models.recommender.scores import ScoreRows

# Orders the products that a customer never bought; smaller than any count that matters.
POPULARITY_SHARE = 1e-6
POPULARITY_WINDOW_DAYS = 28


def fit(purchases: Purchases, *, half_life_days: float) -> ScoreRows:
    """Score = purchase days of the customer, each counting half after every `half_life_days`."""
    frequency = purchases.weighted(half_life_days)
    count_buyers = purchases.count_buyers(POPULARITY_WINDOW_DAYS)
    rest = count_buyers * np.float32(POPULARITY_SHARE / max(1.0, count_buyers.max(initial=0.0)))

    def score(rows: slice) -> NDArray[np.float32]:
        return np.asarray(frequency[rows].toarray() + rest, dtype=np.float32)

    return score
