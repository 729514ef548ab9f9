"""Why a product is recommended: facts of the customer's own history, not of the model.

They hold whichever model ranked the product, and can be checked by the customer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.recommender.item_similarity import Neighbours
from models.recommender.purchases import Purchases
from models.recommender.ranking import NOTHING

BOUGHT_REGULARLY = "bought_regularly"
BOUGHT_BEFORE = "bought_before"
GOES_WITH = "goes_with"
SIMILAR_CUSTOMERS = "similar_customers"
GOES_WITH_CART = "goes_with_cart"
NEW_PRODUCT = "new_product"

# From two gaps on, their mean says something about the next one.
REGULAR_FROM_DAYS = 3


@dataclass(frozen=True)
class Reasons:
    """Customers x k, beside a ranking: the code, and the facts behind it where the code has them."""

    codes: NDArray[np.str_]
    evidence: NDArray[np.int64]  # product index; NOTHING without one
    interval_days: NDArray[np.int64]  # mean days between purchases; 0 without one


def habits(purchases: Purchases, products: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For customers x k product indices: on how many days bought (0 for never), and mean days in between."""
    pair = purchases.customer * purchases.shape[1] + purchases.product
    first = np.flatnonzero(np.diff(pair, prepend=-1))
    last = np.append(first[1:], len(pair)) - 1
    wanted = np.arange(len(products))[:, None] * purchases.shape[1] + products
    if len(first) == 0:
        return np.zeros_like(wanted), np.zeros_like(wanted)
    place = np.minimum(np.searchsorted(pair[first], wanted), len(first) - 1)
    is_bought = (pair[first][place] == wanted) & (products != NOTHING)
    count_days = (last - first + 1)[place] * is_bought
    span_days = (purchases.day[last] - purchases.day[first])[place]
    gap = np.rint(span_days / np.maximum(count_days - 1, 1)).astype(np.int64)
    return count_days, np.where(count_days > 1, np.maximum(gap, 1), 0)


def evidence(
    bought: sparse.csr_matrix, customer: NDArray[np.int64], product: NDArray[np.int64], similar: Neighbours
) -> NDArray[np.int64]:
    """For each pair, the product's nearest neighbour that the customer bought; NOTHING without one."""
    if len(similar.products) == 0 or len(customer) == 0:
        return np.full(len(customer), NOTHING, dtype=np.int64)
    place = np.minimum(np.searchsorted(similar.products, product), len(similar.products) - 1)
    has_neighbours = similar.products[place] == product
    near = np.where(has_neighbours[:, None], similar.ranking.products[place], NOTHING)
    owned = np.repeat(np.arange(bought.shape[0]), np.diff(bought.indptr)) * bought.shape[1] + bought.indices
    is_owned = np.isin(customer[:, None] * bought.shape[1] + near, owned) & (near != NOTHING)
    nearest = near[np.arange(len(near)), is_owned.argmax(axis=1)]
    return np.where(is_owned.any(axis=1), nearest, NOTHING)


def explain(purchases: Purchases, products: NDArray[np.int64], similar: Neighbours) -> Reasons:
    """Reasons of a ranking of all customers of `purchases`."""
    count_days, gap_days = habits(purchases, products)
    near = np.full(products.shape, NOTHING, dtype=np.int64)
    is_new = (count_days == 0) & (products != NOTHING)
    near[is_new] = evidence(purchases.bought(), np.nonzero(is_new)[0], products[is_new], similar)
    is_regular = count_days >= REGULAR_FROM_DAYS
    codes = np.select(
        [is_regular, count_days > 0, near != NOTHING],
        [BOUGHT_REGULARLY, BOUGHT_BEFORE, GOES_WITH],
        default=SIMILAR_CUSTOMERS,
    )
    return Reasons(codes, near, np.where(is_regular, gap_days, 0))


def alike(code: str, nearest: NDArray[np.int64]) -> Reasons:
    """One reason for all: what completes a cart, or is new; `nearest` is the evidence beside each product."""
    return Reasons(np.full(nearest.shape, code), nearest, np.zeros(nearest.shape, dtype=np.int64))
