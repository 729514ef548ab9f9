"""What the trees learn from: proposals of an earlier day, and whether they were bought afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.recommender.purchases import Purchases
from models.recommender.ranker.proposals import ROWS_AT_ONCE, Proposals, Propose
from models.recommender.ranker.table import NAMES, Featurise

WINDOW_DAYS = 30


@dataclass(frozen=True)
class Question:
    """What is asked: only of products that are new to the customer? Who proposes, and how many each?"""

    hides_bought: bool
    regularisation: float  # of EASE, one of those who propose
    proposals: int


@dataclass(frozen=True)
class Examples:
    """One row per proposed pair: features, whether it was bought, and whose list it stood on."""

    features: NDArray[np.float32]
    bought: NDArray[np.float32]
    query: NDArray[np.int64]  # ascending


def _bought_after(purchases: Purchases, known: Purchases, hides_bought: bool) -> sparse.csr_matrix:
    end = known.as_of_date + timedelta(days=WINDOW_DAYS)
    within = purchases.before(end).since(known.as_of_date).bought()
    if hides_bought:
        within = within - within.multiply(known.bought())
    within.eliminate_zeros()
    return within.tocsr()


def _is_bought(pairs: Proposals, bought: sparse.csr_matrix) -> NDArray[np.bool_]:
    customer = np.repeat(np.arange(bought.shape[0]), np.diff(bought.indptr))
    return np.isin(
        pairs.customer * bought.shape[1] + pairs.product, customer * bought.shape[1] + bought.indices
    )


def examples(
    purchases: Purchases,
    known: Purchases,
    propose: Propose,
    featurise: Featurise,
    question: Question,
    negatives: float,
    seed: int,
) -> Examples:
    """Every hit, and the share `negatives` of the misses of the same lists.

    Features come from `known` alone, hits from the WINDOW_DAYS of `purchases` after it. Customers without a
    hit say nothing about the order, customers without a history nothing about those who have one: they are
    left out.
    """
    bought = _bought_after(purchases, known, question.hides_bought)
    has_history = np.bincount(known.customer, minlength=known.shape[0]) > 0
    random = np.random.default_rng([seed, known.as_of_date.toordinal()])
    parts = [Examples(np.empty((0, len(NAMES)), np.float32), np.empty(0, np.float32), np.empty(0, np.int64))]
    for start in range(0, known.shape[0], ROWS_AT_ONCE):
        pairs = propose(slice(start, start + ROWS_AT_ONCE))
        is_hit = _is_bought(pairs, bought) & has_history[pairs.customer]
        is_kept = is_hit | (random.random(len(pairs)) < negatives)
        chosen = is_kept & np.isin(pairs.customer, pairs.customer[is_hit])
        kept = pairs.where(chosen)
        parts.append(Examples(featurise(kept), is_hit[chosen].astype(np.float32), kept.customer))
    return stacked(parts, 0)


def stacked(parts: Sequence[Examples], count_customers: int) -> Examples:
    """One below the other; the queries of the n-th part move on by n x `count_customers`."""
    return Examples(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.bought for part in parts]),
        np.concatenate([part.query + n * count_customers for n, part in enumerate(parts)]),
    )
