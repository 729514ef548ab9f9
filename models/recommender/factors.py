"""Customers and products as short vectors: a score is their product."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.recommender.scores import ScoreRows


def score_rows(customers: NDArray[np.float32], products: NDArray[np.float32]) -> ScoreRows:
    """Scores of `customers` (rows x factors) for all `products` (products x factors)."""
    turned = np.ascontiguousarray(products.T)

    def score(rows: slice) -> NDArray[np.float32]:
        return np.asarray(customers[rows] @ turned, dtype=np.float32)

    return score
