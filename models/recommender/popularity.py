"""The same list for everybody: what most customers bought lately. The baseline that a model has to beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.recommender.purchases import Purchases
from models.recommender.scores import ScoreRows


def fit(purchases: Purchases, *, window_days: int) -> ScoreRows:
    """Score = customers who bought the product in the last `window_days`."""
    count_buyers = purchases.count_buyers(window_days)

    def score(rows: slice) -> NDArray[np.float32]:
        count_rows = len(range(*rows.indices(purchases.shape[0])))
        return np.tile(count_buyers, (count_rows, 1))

    return score
