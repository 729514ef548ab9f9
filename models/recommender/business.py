"""What lists are worth to the shop: what the customers spent on the shown products afterwards.

Measured, not modelled, on customers who saw nothing of these lists: what they buy anyway is in it. It tells
where in a list the money lies, and what a place deeper down is worth; an experiment tells what showing adds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.recommender.ranking import NOTHING

PER_CUSTOMERS = 1_000


def _of_cells(matrix: sparse.csr_matrix, products: NDArray[np.int64]) -> NDArray[np.float64]:
    """The cells of `matrix` (customers x products) at customers x k product indices, 0 for NOTHING."""
    keys = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)) * matrix.shape[1] + matrix.indices
    wanted = np.arange(len(products))[:, None] * matrix.shape[1] + products
    if len(keys) == 0:
        return np.zeros(products.shape)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    is_there = (keys[place] == wanted) & (products != NOTHING)
    return np.where(is_there, matrix.data[place], 0.0)


def worth(
    products: NDArray[np.int64], spent: sparse.csr_matrix, bought_before: sparse.csr_matrix
) -> dict[str, Any]:
    """By rank, from 1: share of customers who bought what stood there, and money per PER_CUSTOMERS of them.

    `products` is customers x ranks, the others customers x products. Asked are customers with a purchase
    before, whether they came again or not. `repeat_share` is how much of that money was spent on products
    that the customer had bought before.
    """
    asked = np.diff(bought_before.indptr) > 0
    if not asked.any():
        return {"by_rank": [], "repeat_share": None}
    spent, bought_before = spent.tocsr(), bought_before.tocsr()
    spent.sum_duplicates()
    money = _of_cells(spent, products)[asked]
    is_repeat = _of_cells(bought_before, products)[asked] > 0
    by_rank = [
        {
            "rank": rank + 1,
            "bought": round(float((money[:, rank] > 0).mean()), 5),
            "spend": round(float(money[:, rank].mean()) * PER_CUSTOMERS, 2),
        }
        for rank in range(products.shape[1])
    ]
    total = float(money.sum())
    return {"by_rank": by_rank, "repeat_share": float(money[is_repeat].sum()) / total if total else None}
