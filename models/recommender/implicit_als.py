"""Implicit ALS: customers and products as short vectors, weighted by how sure a purchase makes us.

Hu, Koren, Volinsky 2008, "Collaborative filtering for implicit feedback datasets", by the `implicit` library.
Only its factors are used: its own `recommend` hides what was bought by default, which is another task.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from models.recommender.factors import score_rows
from models.recommender.purchases import Purchases
from models.recommender.scores import ScoreRows


def fit(
    purchases: Purchases,
    *,
    factors: int,
    regularisation: float,
    confidence: float,
    iterations: int,
    seed: int,
) -> ScoreRows:
    """Score = product of the two vectors; `confidence` is the weight of a purchase against a non-purchase."""
    from implicit.cpu.als import AlternatingLeastSquares  # 1 s to import, and only the race may need it.

    with threadpool_limits(1, "blas"):  # The library has threads of its own and fights with those of BLAS.
        model = AlternatingLeastSquares(
            factors=factors,
            regularization=regularisation,
            alpha=confidence,
            iterations=iterations,
            random_state=seed,
        )
        model.fit(purchases.bought(), show_progress=False)
    customers, products = np.asarray(model.user_factors), np.asarray(model.item_factors)
    return score_rows(customers, products)
