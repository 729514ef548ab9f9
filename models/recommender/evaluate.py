"""How good a ranking is, measured on what customers bought afterwards.

Over the whole catalogue and every customer with something to find: sampling products or customers changes
the order of models (Krichene and Rendle 2020, "On sampled metrics for item recommendation").
Hits are customers x k, best first; `count_relevant` is what each of these customers had to be offered.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.recommender.ranking import NOTHING

Figures = dict[str, float | int | None]
AT = (5, 10, 20)


def hits(products: NDArray[np.int64], relevant: sparse.csr_matrix) -> NDArray[np.bool_]:
    """Customers x k: whether the product at that rank is relevant (non-zero) for that customer."""
    count_products = relevant.shape[1]
    rows = np.arange(len(products))[:, None]
    wanted = (
        np.repeat(np.arange(relevant.shape[0]), np.diff(relevant.indptr)) * count_products + relevant.indices
    )
    return np.isin(rows * count_products + products, wanted) & (products != NOTHING)


def ndcg(found: NDArray[np.bool_], count_relevant: NDArray[np.int64]) -> NDArray[np.float64]:
    """Gain 1 discounted by log2(rank + 1), over a list with all first min(k, relevant) ranks right."""
    k = found.shape[1]
    discount = 1.0 / np.log2(np.arange(k) + 2.0)
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(k, count_relevant)]
    return np.asarray(found @ discount / ideal)


def recall(found: NDArray[np.bool_], count_relevant: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of the relevant products that were shown."""
    return np.asarray(found.sum(axis=1) / count_relevant)


def average_precision(found: NDArray[np.bool_], count_relevant: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean over the first min(k, relevant) of the precision at each hit."""
    k = found.shape[1]
    precision = np.cumsum(found, axis=1) / np.arange(1, k + 1)
    return np.asarray((precision * found).sum(axis=1) / np.minimum(k, count_relevant))


def hit_rate(found: NDArray[np.bool_]) -> NDArray[np.float64]:
    """1 where at least one product was right."""
    return np.asarray(found.any(axis=1), dtype=np.float64)


def per_customer(products: NDArray[np.int64], relevant: sparse.csr_matrix) -> dict[str, NDArray[np.float64]]:
    """Every measure at every cut of AT, one value per customer who has something relevant.

    `products` is customers x ranks, `relevant` customers x products.
    """
    count_relevant = np.diff(relevant.indptr)
    asked = count_relevant > 0
    found, count_asked = hits(products, relevant)[asked], count_relevant[asked]
    measured = {}
    for k in AT:
        first = found[:, :k]
        measured[f"ndcg_at_{k}"] = ndcg(first, count_asked)
        measured[f"recall_at_{k}"] = recall(first, count_asked)
        measured[f"map_at_{k}"] = average_precision(first, count_asked)
        measured[f"hit_rate_at_{k}"] = hit_rate(first)
    return measured


def averages(measured: Mapping[str, NDArray[np.float64]]) -> Figures:
    """The mean over customers; None where nobody was asked."""
    return {name: float(values.mean()) if len(values) else None for name, values in measured.items()}
