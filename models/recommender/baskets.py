"""What completes a basket: products bought on the same day as those that lie in it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from models.recommender.purchases import Purchases
from models.recommender.ranking import NOTHING, Ranking, best

BLOCK_CARTS = 256
MODEL = "basket_similarity"
# Pairs that meet in fewer baskets are chance.
MIN_TOGETHER = 3


def shopping_days(purchases: Purchases) -> sparse.csr_matrix:
    """Baskets x products of zeros and ones: what one customer bought on one day."""
    count_days = int(purchases.age_days.max(initial=0)) + 1
    _, basket = np.unique(purchases.customer * count_days + purchases.age_days, return_inverse=True)
    ones = np.ones(len(basket), dtype=np.float32)
    count_baskets = int(basket.max(initial=-1)) + 1
    return sparse.csr_matrix((ones, (basket, purchases.product)), shape=(count_baskets, purchases.shape[1]))


def open_carts(rows: pa.Table, purchases: Purchases) -> tuple[NDArray[np.int64], sparse.csr_matrix]:
    """Customers (indices, ascending) with an open cart, and carts x products of zeros and ones.

    `rows` has customer_id and product_id. Customers and products without a purchase are left out: nothing is
    known of them.
    """
    customer = np.array(rows["customer_id"].to_pylist(), dtype=str)
    product = np.array(rows["product_id"].to_pylist(), dtype=str)
    is_known = np.isin(customer, purchases.customers) & np.isin(product, purchases.products)
    who = np.searchsorted(purchases.customers, customer[is_known])
    what = np.searchsorted(purchases.products, product[is_known])
    customers, row = np.unique(who, return_inverse=True)
    ones = np.ones(len(row), dtype=np.float32)
    carts = sparse.csr_matrix((ones, (row, what)), shape=(len(customers), purchases.shape[1]))
    carts.data[:] = 1.0
    return customers, carts


def complements(baskets: sparse.csr_matrix, carts: sparse.csr_matrix, k: int) -> Ranking:
    """The k products with the highest sum of cosines to what lies in each cart, without what lies there."""
    if carts.shape[0] == 0:
        return Ranking.stacked([], k)
    bought = baskets.tocsc()
    count = np.asarray(baskets.sum(axis=0)).ravel()
    inverse = np.divide(1.0, np.sqrt(count), out=np.zeros_like(count), where=count > 0)
    used = np.unique(carts.indices)
    together = (bought[:, used].T @ baskets).tocsr()
    together.data[together.data < MIN_TOGETHER] = 0.0
    cosine = sparse.diags(inverse[used]) @ together @ sparse.diags(inverse)
    blocks = []
    for start in range(0, carts.shape[0], BLOCK_CARTS):
        lying = carts[start : start + BLOCK_CARTS]
        scores = np.asarray((lying[:, used] @ cosine).toarray(), dtype=np.float32)
        scores[lying.nonzero()] = -np.inf
        scores[scores <= 0.0] = -np.inf
        blocks.append(best(scores, k))
    return Ranking.stacked(blocks, k)


def nearest_in_cart(
    baskets: sparse.csr_matrix, carts: sparse.csr_matrix, products: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For carts x k products, the product of the cart that is most often bought with each."""
    nearest = np.full(products.shape, NOTHING, dtype=np.int64)
    columns = baskets.tocsc()
    for row, shown in enumerate(products):
        lying = carts.indices[carts.indptr[row] : carts.indptr[row + 1]]
        there = shown != NOTHING
        if len(lying) and there.any():
            together = (columns[:, shown[there]].T @ columns[:, lying]).toarray()
            share = together / np.sqrt(np.maximum(1.0, np.asarray(columns[:, lying].sum(axis=0))))
            nearest[row, there] = lying[share.argmax(axis=1)]
    return nearest
