"""Products that the same customers buy: cosine between products, for scores and for "goes with" lists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.recommender.purchases import Purchases
from models.recommender.ranking import NOTHING, Ranking, best
from models.recommender.scores import ScoreRows, times, to_compare

BLOCK_PRODUCTS = 1024


def _unit_columns(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    norm = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel())
    scale = np.divide(1.0, norm, out=np.zeros_like(norm), where=norm > 0)
    return (matrix @ sparse.diags(scale.astype(np.float32))).tocsr()


def fit(purchases: Purchases) -> ScoreRows:
    """Score = sum of the cosines between the product and each product that the customer bought."""
    bought = purchases.bought()
    compared = to_compare(bought)
    unit = _unit_columns(compared)

    def score(rows: slice) -> NDArray[np.float32]:
        # X (D S'S D) without building products x products: X (S D)' is customers x compared customers.
        near = np.asarray((bought[rows] @ unit.T).toarray(), dtype=np.float32)
        return times(near, unit)

    return score


@dataclass(frozen=True)
class Neighbours:
    """For each of `products` (indices, ascending) the products that the same customers buy, best first."""

    products: NDArray[np.int64]
    ranking: Ranking


def neighbours(bought: sparse.csr_matrix, k: int, *, max_products: int, min_together: int) -> Neighbours:
    """The `k` products most often bought by the same customers, by cosine, of the `max_products` most sold.

    `bought` is customers x products of zeros and ones. Pairs with fewer than `min_together` common
    customers are chance, and left out. Time grows with the square of `max_products`.
    """
    count_buyers = np.asarray(bought.sum(axis=0)).ravel()
    most_bought = np.argsort(-count_buyers, kind="stable")[:max_products]
    products = np.sort(most_bought[count_buyers[most_bought] >= min_together])
    kept = bought[:, products].tocsc()
    inverse_norm = 1.0 / np.sqrt(np.asarray(kept.sum(axis=0), dtype=np.float32).ravel())
    blocks = []
    for start in range(0, len(products), BLOCK_PRODUCTS):
        block = np.arange(start, min(start + BLOCK_PRODUCTS, len(products)))
        together = (kept[:, block].T @ kept).toarray().astype(np.float32)
        together[np.arange(len(block)), block] = 0.0
        cosine = together * inverse_norm[block, None] * inverse_norm[None, :]
        cosine[together < min_together] = -np.inf
        blocks.append(best(cosine, k))
    ranking = Ranking.stacked(blocks, k)
    is_there = ranking.products != NOTHING
    places = np.where(is_there, products[ranking.products] if len(products) else NOTHING, NOTHING)
    return Neighbours(products, Ranking(places, ranking.scores))
