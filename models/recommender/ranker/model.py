"""Gradient-boosted trees that order the proposals of simpler models.

Burges 2010, "From RankNet to LambdaRank to LambdaMART", by XGBoost. The trees learn from the past of the same
customers: what was proposed at earlier days, and what was bought in the WINDOW_DAYS after each of them.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.recommender.purchases import Purchases, known_before
from models.recommender.ranker import table
from models.recommender.ranker.examples import WINDOW_DAYS, Examples, Question, examples, stacked
from models.recommender.ranker.proposals import Proposals, everybody, proposer
from models.recommender.scores import ScoreRows

BINS = 128
POPULARITY_WINDOW_DAYS = 28
# What was not proposed comes after everything that was, by popularity.
UNPROPOSED = np.float32(-1e6)
# Who decides where nothing was ever learned, by whether what was bought before is hidden.
UNTRAINED = {True: "ease", False: "personal_frequency"}


def cutoffs(as_of_date: date, count: int) -> list[date]:
    """The first days of the newest windows that are over before `as_of_date`, newest first."""
    return [as_of_date - timedelta(days=WINDOW_DAYS * (n + 1)) for n in range(count)]


# The race asks twice about the newest days: it measures there, and the champion learns from them.
@lru_cache(maxsize=4)
def _proposals(known: Purchases, question: Question) -> Proposals:
    models = table.proposing(known, question.regularisation)
    return everybody(known, proposer(known, models, question.proposals, question.hides_bought))


@lru_cache(maxsize=2)
def _featuriser(purchases: Purchases) -> table.Featurise:
    return table.featuriser(purchases)


def _learned(purchases: Purchases, question: Question, windows: int, negatives: float, seed: int) -> Examples:
    parts = []
    for day in cutoffs(purchases.as_of_date, windows):
        known = known_before(purchases, day)
        proposed, featurise = _proposals(known, question), _featuriser(known)
        parts.append(examples(purchases, known, proposed.of, featurise, question, negatives, seed))
    return stacked(parts, purchases.shape[0])


def train(
    purchases: Purchases,
    *,
    hides_bought: bool,
    regularisation: float,
    proposals: int,
    windows: int,
    negatives: float,
    rounds: int,
    trees: dict[str, Any],
    seed: int,
) -> bytes:
    """Learn from the last `windows` windows of `purchases`; returns the trees in XGBoost's own format.

    `negatives` is the share of the proposals without a purchase that is looked at. Empty bytes where nothing
    that was proposed was ever bought.
    """
    import xgboost

    question = Question(hides_bought, regularisation, proposals)
    learned = _learned(purchases, question, windows, negatives, seed)
    if not learned.bought.any():
        return b""
    data = xgboost.QuantileDMatrix(
        learned.features, label=learned.bought, qid=learned.query, max_bin=BINS, feature_names=table.NAMES
    )
    chosen = {"tree_method": "hist", "max_bin": BINS, "seed": seed, **trees}
    return bytes(xgboost.train(chosen, data, rounds).save_raw("ubj"))


def fit(
    purchases: Purchases,
    *,
    trained: bytes | None = None,
    hides_bought: bool,
    regularisation: float,
    proposals: int,
    **learning: Any,
) -> ScoreRows:
    """Score = what the trees say of a proposed pair. They are `trained` before, or now from `purchases`.

    Without trees the simple model of the task decides (see UNTRAINED).
    """
    import xgboost

    question = Question(hides_bought, regularisation, proposals)
    if trained is None:
        trained = train(
            purchases,
            hides_bought=hides_bought,
            regularisation=regularisation,
            proposals=proposals,
            **learning,
        )
    proposed, featurise = _proposals(purchases, question), _featuriser(purchases)
    count_buyers = purchases.count_buyers(POPULARITY_WINDOW_DAYS)
    rest = UNPROPOSED + count_buyers / max(1.0, count_buyers.max(initial=0.0))
    booster = xgboost.Booster(model_file=bytearray(trained)) if trained else None

    def ordered(features: NDArray[np.float32]) -> NDArray[np.float32]:
        if booster is None:
            return features[:, table.NAMES.index(UNTRAINED[hides_bought])]
        return np.asarray(booster.inplace_predict(features, validate_features=False), dtype=np.float32)

    def score(rows: slice) -> NDArray[np.float32]:
        start, stop, _ = rows.indices(purchases.shape[0])
        pairs = proposed.of(slice(start, stop))
        scores = np.tile(rest.astype(np.float32), (stop - start, 1))
        if len(pairs):
            scores[pairs.customer - start, pairs.product] = ordered(featurise(pairs))
        return scores

    return score
