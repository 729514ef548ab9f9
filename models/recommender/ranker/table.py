"""The table that the trees learn from and score: one row per proposed pair, one column per feature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.recommender import ease, item_similarity, personal_frequency, popularity
from models.recommender.purchases import Purchases
from models.recommender.ranker import facts, habits
from models.recommender.ranker.proposals import Proposals, Proposing
from models.recommender.ranking import NOTHING

GROUPS = ("product_type", "product_category", "department", "manufacturer_id")
POPULARITY_WINDOW_DAYS = 28
HALF_LIFE_DAYS = 90


def proposing(purchases: Purchases, regularisation: float) -> dict[str, Proposing]:
    """The models that propose, by the name of their feature: MODELS."""
    frequency = purchases.weighted(HALF_LIFE_DAYS)
    count_buyers = purchases.count_buyers(POPULARITY_WINDOW_DAYS)

    def bought_most(rows: slice, k: int, hidden: sparse.csr_matrix) -> NDArray[np.int64]:
        if hidden.nnz:  # Hidden is what was bought, and nothing else is proposed here.
            return np.full((hidden.shape[0], k), NOTHING, dtype=np.int64)
        return personal_frequency.most_bought(frequency[rows], k)

    def popular(rows: slice, k: int, hidden: sparse.csr_matrix) -> NDArray[np.int64]:
        return popularity.most_popular(count_buyers, k, hidden)

    fitted = (
        Proposing(personal_frequency.fit(purchases, half_life_days=HALF_LIFE_DAYS), bought_most),
        Proposing(ease.fit(purchases, regularisation=regularisation)),
        Proposing(item_similarity.fit(purchases)),
        Proposing(popularity.fit(purchases, window_days=POPULARITY_WINDOW_DAYS), popular),
    )
    return dict(zip(MODELS, fitted, strict=True))


MODELS = ("personal_frequency", "ease", "item_similarity", "popularity")
# The columns of a featuriser, in order.
NAMES = [
    *MODELS,
    *(f"product_{name}" for name in habits.NAMES),
    *(f"{group}_{name}" for group in GROUPS for name in habits.NAMES),
    *facts.PRODUCT_NAMES,
    *facts.CUSTOMER_NAMES,
    "store_share",
    "share_of_trips",
    "share_of_type_days",
]

Featurise = Callable[[Proposals], NDArray[np.float32]]


def featuriser(purchases: Purchases) -> Featurise:
    """Gives pairs x names, from what was known before `purchases.as_of_date`."""
    groups = purchases.catalogue.groups
    own = habits.habits(purchases, np.arange(purchases.shape[1]), max(1, purchases.shape[1]))
    wider = {
        group: habits.habits(purchases, groups[group], purchases.catalogue.count(group)) for group in GROUPS
    }
    of_product, of_customer = facts.of_products(purchases), facts.of_customers(purchases)
    store_share = facts.store_share(purchases)

    half_year = habits.NAMES.index("days_182d")

    def featurise(pairs: Proposals) -> NDArray[np.float32]:
        customer, product = pairs.customer, pairs.product
        habit = own.of(customer, product)
        around = [known.of(customer, groups[group][product]) for group, known in wider.items()]
        trips = of_customer[customer][:, facts.CUSTOMER_NAMES.index("trips_91d")]
        derived: list[NDArray[Any]] = [
            store_share(customer, product),
            habit[:, habits.NAMES.index("days_84d")] / np.maximum(1.0, trips),
            habit[:, half_year] / np.maximum(1.0, around[0][:, half_year]),
        ]
        known_of = (of_product[product], of_customer[customer])
        columns: list[NDArray[Any]] = [pairs.scores, habit, *around, *known_of, *derived]
        return np.column_stack(columns).astype(np.float32)

    return featurise
