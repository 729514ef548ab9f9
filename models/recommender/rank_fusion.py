"""Several models vote by rank: what many of them put high comes first, however they count their scores.

Cormack, Clarke, Buettcher 2009, "Reciprocal rank fusion outperforms Condorcet and individual rank learning".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.recommender import ease, implicit_als, item_similarity, personal_frequency, popularity
from models.recommender.purchases import Purchases
from models.recommender.scores import ScoreRows

# Of the paper: the first ranks of one model do not outvote the agreement of the others.
DAMPING = 60.0
DEPTH = 200

VOTERS: Mapping[str, Callable[..., ScoreRows]] = {
    "popularity": popularity.fit,
    "personal_frequency": personal_frequency.fit,
    "item_similarity": item_similarity.fit,
    "ease": ease.fit,
    "implicit_als": implicit_als.fit,
}


def _votes(scores: NDArray[np.float32], weight: float) -> NDArray[np.float32]:
    """weight / (DAMPING + rank) for the first DEPTH of each row, 0 for the rest; ties by product."""
    depth = min(DEPTH, scores.shape[1])
    rest = scores.shape[1] - depth
    top = np.sort(np.argpartition(scores, rest, axis=1)[:, rest:] if rest else np.indices(scores.shape)[1])
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    votes = np.zeros(scores.shape, dtype=np.float32)
    ranked = np.take_along_axis(top, order, axis=1)
    values = (weight / (DAMPING + 1.0 + np.arange(depth))).astype(np.float32)
    np.put_along_axis(votes, ranked, np.broadcast_to(values, ranked.shape), axis=1)
    return votes


def fit(
    purchases: Purchases, *, voters: dict[str, dict[str, Any]], weights: dict[str, float], hides_bought: bool
) -> ScoreRows:
    """Score = sum of the votes of `voters` (a model's name and its parameters), each with its weight.

    With `hides_bought` they vote on products that are new to the customer only.
    """
    fitted = {name: VOTERS[name](purchases, **params) for name, params in voters.items()}
    bought = purchases.bought()

    def score(rows: slice) -> NDArray[np.float32]:
        start, stop, _ = rows.indices(purchases.shape[0])
        own = bought[start:stop].nonzero()
        fused = np.zeros((stop - start, purchases.shape[1]), dtype=np.float32)
        for name, score_rows in fitted.items():
            scores = score_rows(rows)
            if hides_bought:
                scores[own] = -np.inf
            fused += _votes(scores, weights[name])
        return fused

    return score
