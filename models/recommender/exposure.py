"""What a set of lists shows, whoever buys it: how much of the catalogue, how evenly, how new and how varied.

Novelty and intra-list diversity as in Castells, Hurley, Vargas 2015, "Novelty and diversity in recommender
systems". Lists are customers x k product indices, NOTHING where a list is shorter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.recommender.evaluate import Figures
from models.recommender.purchases import Purchases
from models.recommender.ranking import NOTHING


def coverage(products: NDArray[np.int64], count_catalogue: int) -> float:
    """Share of the catalogue that was shown to somebody."""
    shown = np.unique(products[products != NOTHING])
    return len(shown) / count_catalogue if count_catalogue else 0.0


def gini(products: NDArray[np.int64], count_catalogue: int) -> float:
    """How unevenly the catalogue is shown: 0 is all alike, near 1 is always the same few."""
    _, shown = np.unique(products[products != NOTHING], return_counts=True)
    if count_catalogue == 0 or len(shown) == 0:
        return 0.0
    counts = np.concatenate([np.zeros(max(0, count_catalogue - len(shown))), np.sort(shown)])
    place = np.arange(1, len(counts) + 1)
    return float((2 * place - len(counts) - 1) @ counts / (len(counts) * counts.sum()))


def novelty(products: NDArray[np.int64], count_buyers: NDArray[Any], count_customers: int) -> float:
    """Mean of -log2 of the share of customers who ever bought what is shown, at least one; in bits."""
    shown = products[products != NOTHING]
    share = np.maximum(count_buyers[shown], 1) / max(1, count_customers)
    return float(-np.log2(share).mean()) if len(shown) else 0.0


def diversity(products: NDArray[np.int64], kinds: NDArray[np.int64]) -> float:
    """Mean over the lists of the share of pairs within a list that are of different kinds."""
    if products.shape[1] < 2 or len(products) == 0:
        return 0.0
    kind = np.sort(np.where(products != NOTHING, kinds[products], -1 - np.arange(products.shape[1])), axis=1)
    k, same = products.shape[1], np.zeros(len(products))
    for distance in range(1, k):  # Of m alike that stand together, m choose 2 pairs are found, each once.
        same += (kind[:, distance:] == kind[:, :-distance]).sum(axis=1)
    return float(1.0 - (same / (k * (k - 1) / 2)).mean())


def figures(products: NDArray[np.int64], known: Purchases, k: int) -> Figures:
    """All of the above at `k`, against what was known when the lists were made."""
    first = products[:, :k]
    sold = len(np.unique(known.product))
    buyers = np.asarray(known.bought().sum(axis=0)).ravel()
    return {
        f"coverage_at_{k}": coverage(first, sold),
        f"gini_at_{k}": gini(first, sold),
        f"novelty_at_{k}": novelty(first, buyers, known.shape[0]),
        f"diversity_at_{k}": diversity(first, known.catalogue.groups["product_type"]),
    }
