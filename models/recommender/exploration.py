"""New products get a few places of every list, or nobody would ever learn who likes them.

A product is new while it is sold for less than `new_days`: its buyers say nothing yet, so it is offered by
what it is. Among the new products of the kinds that a customer buys some are drawn, the oftener a kind is
bought the likelier; their places in the lower half of the list are drawn too, so that what comes of them can
be read by place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import sparse

from models.recommender.purchases import Purchases
from models.recommender.ranking import NOTHING, Ranking, best

MODEL = "exploration"
# Publishing reads a rank beyond this as: try it at the place that is the rest.
BEYOND = 1000
LISTED, FIRST_PLACE = 20, 11
HALF_LIFE_DAYS = 90.0
ROWS_AT_ONCE = 512
# A shop that opened within so many days sells new products only.
OLDER_DAYS = 91


class Exploration(BaseModel):
    """The share of the LISTED places that new products have, and for how long a product is new."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float = Field(gt=0, le=0.5)
    new_days: int = Field(default=28, ge=1, le=365)
    seed: int = 7

    @property
    def places(self) -> int:
        """How many of LISTED, at least one."""
        return max(1, round(self.share * LISTED))


def new_products(purchases: Purchases, new_days: int) -> NDArray[np.int64]:
    """Indices of products first sold in the last `new_days`; none while the shop itself is new."""
    first_sale = np.zeros(purchases.shape[1], dtype=np.int64)
    np.maximum.at(first_sale, purchases.product, purchases.age_days)
    if first_sale.max(initial=0) < OLDER_DAYS:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero((first_sale > 0) & (first_sale <= new_days))


def _of_kinds(purchases: Purchases, products: NDArray[np.int64]) -> sparse.csr_matrix:
    """Customers x `products`: how much the customer buys of the product's type, decayed; 0 for strangers."""
    kinds = purchases.catalogue.groups["product_type"]
    count = purchases.catalogue.count("product_type")

    def members(of: NDArray[np.int64]) -> sparse.csr_matrix:
        ones = np.ones(len(of), dtype=np.float32)
        return sparse.csr_matrix((ones, (np.arange(len(of)), of)), shape=(len(of), count))

    bought = (purchases.weighted(HALF_LIFE_DAYS) @ members(kinds)).tolil()
    bought[:, 0] = 0.0  # The type of what has no type.
    return (bought.tocsr() @ members(kinds[products]).T).tocsr()


def tried(purchases: Purchases, given: Exploration) -> Ranking:
    """Customers x places: the new products to try; the scores are how much of their kind is bought.

    Drawn without replacement in proportion to the score, as the largest of u^(1 / score) are (Efraimidis and
    Spirakis 2006, "Weighted random sampling with a reservoir"). The same purchases draw the same.
    """
    products = new_products(purchases, given.new_days)
    liking, bought = _of_kinds(purchases, products), purchases.bought()[:, products]
    random = np.random.default_rng([given.seed, purchases.as_of_date.toordinal()])
    blocks = []
    for start in range(0, purchases.shape[0], ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        weight = liking[rows].toarray()
        weight[bought[rows].nonzero()] = 0.0
        drawn = np.log(1.0 - random.random(weight.shape)) / np.where(weight > 0, weight, 1.0)
        keys = np.where(weight > 0, drawn, -np.inf).astype(np.float32)
        chosen = best(keys, given.places).products
        scores = np.take_along_axis(weight, np.maximum(chosen, 0), axis=1) if len(products) else chosen * 0.0
        blocks.append(Ranking(chosen, np.where(chosen == NOTHING, -np.inf, scores).astype(np.float32)))
    found = Ranking.stacked(blocks, given.places)
    is_there = found.products != NOTHING
    named = np.where(is_there, products[found.products] if len(products) else NOTHING, NOTHING)
    return Ranking(named, found.scores)


def drawn_ranks(purchases: Purchases, given: Exploration) -> NDArray[np.int64]:
    """Customers x places: ranks beyond BEYOND, each of FIRST_PLACE to LISTED as likely, ascending."""
    random = np.random.default_rng([given.seed, purchases.as_of_date.toordinal(), 1])
    width = LISTED - FIRST_PLACE + 1
    order = random.random((purchases.shape[0], width)).argsort(axis=1)[:, : given.places]
    return np.sort(order, axis=1) + BEYOND + FIRST_PLACE


def nearest_of_kind(purchases: Purchases, products: NDArray[np.int64]) -> NDArray[np.int64]:
    """Customers x k: the product of the same type that the customer bought most; NOTHING without one."""
    kinds = purchases.catalogue.groups["product_type"]
    frequency = purchases.weighted(HALF_LIFE_DAYS)
    nearest = np.full(products.shape, NOTHING, dtype=np.int64)
    owner = np.repeat(np.arange(frequency.shape[0]), np.diff(frequency.indptr))
    pair = owner * purchases.catalogue.count("product_type") + kinds[frequency.indices]
    order = np.lexsort((frequency.indices, -frequency.data, pair))
    first = np.flatnonzero(np.diff(pair[order], prepend=-1))
    keys, most = pair[order][first], frequency.indices[order][first]
    if len(keys) == 0:
        return nearest
    wanted = np.arange(len(products))[:, None] * purchases.catalogue.count("product_type") + kinds[products]
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    is_found = (keys[place] == wanted) & (products != NOTHING) & (kinds[products] > 0)
    return np.where(is_found, most[place], NOTHING)
