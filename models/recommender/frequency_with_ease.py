"""Personal frequency, helped by EASE where the customer's own history says little."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.recommender import ease, personal_frequency
from models.recommender.purchases import Purchases
from models.recommender.scores import ScoreRows


def fit(
    purchases: Purchases, *, half_life_days: float, regularisation: float, ease_weight: float
) -> ScoreRows:
    """Score = decayed purchase days + `ease_weight` x the score of EASE (about 0 to 1)."""
    frequency = personal_frequency.fit(purchases, half_life_days=half_life_days)
    likely = ease.fit(purchases, regularisation=regularisation)

    def score(rows: slice) -> NDArray[np.float32]:
        return frequency(rows) + np.float32(ease_weight) * likely(rows)

    return score
