"""What is known of products, of customers and of stores, whoever asks: one row each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.recommender.purchases import Purchases, distinct

STORE_WINDOW_DAYS = 56
NEW_DAYS = 56
HISTORY_DAYS = 182
PRODUCT_NAMES = (
    "buyers_7d",
    "buyers_28d",
    "buyers_91d",
    "buyers_trend",  # the last 28 days against the 28 before; 1 is no change
    "buyers_trend_14d",
    "repeat_share",  # customers who bought it on two days or more
    "mean_amount",
    "days_since_first_sale",  # up to NEW_DAYS: trees would read the date of a cut-off from more
    "share_of_type",  # of the type's buyers in the last 28 days
    "is_own_brand",
)
CUSTOMER_NAMES = (
    "trips_28d",
    "trips_91d",
    "days_since_trip",
    "count_products",
    "products_a_trip",
    "new_share_28d",  # of the products bought in the last 28 days, those never bought before
)


def _distinct(keys: NDArray[np.int64], count: int, divisor: int) -> NDArray[np.float64]:
    """How many different keys each group has, where key // divisor is the group."""
    return np.bincount(distinct(keys) // divisor, minlength=count).astype(np.float64)


def _buyers(purchases: Purchases, youngest: int, oldest: int) -> NDArray[np.float64]:
    """Per product: customers who bought it `youngest` to `oldest` days ago."""
    count_customers, count_products = purchases.shape
    chosen = (purchases.age_days >= youngest) & (purchases.age_days <= oldest)
    keys = purchases.product[chosen] * max(1, count_customers) + purchases.customer[chosen]
    return _distinct(keys, count_products, max(1, count_customers))


def _shared(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def of_products(purchases: Purchases) -> NDArray[np.float32]:
    """Products x PRODUCT_NAMES."""
    count = purchases.shape[1]
    days = np.bincount(purchases.product, minlength=count).astype(np.float64)
    amount = np.bincount(purchases.product, weights=purchases.amount, minlength=count)
    first_sale = np.zeros(count)
    np.maximum.at(first_sale, purchases.product, purchases.age_days)
    lately, pairs = _buyers(purchases, 1, 28), purchases.weighted()
    repeated = pairs.copy()
    repeated.data = (pairs.data >= 2).astype(np.float32)
    kind, brand = purchases.catalogue.groups["product_type"], purchases.catalogue.groups["brand"]
    columns = [
        _buyers(purchases, 1, 7),
        lately,
        _buyers(purchases, 1, 91),
        (lately + 5) / (_buyers(purchases, 29, 56) + 5),
        (_buyers(purchases, 1, 14) + 5) / (_buyers(purchases, 15, 28) + 5),
        _shared(np.asarray(repeated.sum(axis=0)).ravel(), np.asarray(purchases.bought().sum(axis=0)).ravel()),
        _shared(amount, days),
        np.minimum(first_sale, NEW_DAYS),
        _shared(lately, np.bincount(kind, weights=lately, minlength=1)[kind]),
        brand,
    ]
    return np.column_stack(columns).astype(np.float32)


def of_customers(purchases: Purchases) -> NDArray[np.float32]:
    """Customers x CUSTOMER_NAMES."""
    count_customers, count_products = purchases.shape
    age, customer = purchases.age_days, purchases.customer
    count_days = int(age.max(initial=0)) + 1

    def trips(oldest: int) -> NDArray[np.float64]:
        return _distinct((customer * count_days + age)[age <= oldest], count_customers, count_days)

    def products(chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        keys = (customer * count_products + purchases.product)[chosen]
        return _distinct(keys, count_customers, max(1, count_products))

    since_trip = np.full(count_customers, np.inf)
    np.minimum.at(since_trip, customer, age)
    lately, ever = products(age <= 28), products(age <= HISTORY_DAYS)
    columns = [
        trips(28),
        trips(91),
        np.where(np.isfinite(since_trip), since_trip, np.nan),
        ever,
        _shared(np.bincount(customer[age <= HISTORY_DAYS], minlength=count_customers), trips(HISTORY_DAYS)),
        _shared(ever - products((age > 28) & (age <= HISTORY_DAYS)), lately),
    ]
    return np.column_stack(columns).astype(np.float32)


def store_share(
    purchases: Purchases,
) -> Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float32]]:
    """For pairs of customer and product: the share of customers of the same store who bought it of late.

    A customer belongs to the store of most purchases in the window. What a store does not carry has share 0.
    """
    recent = purchases.age_days <= STORE_WINDOW_DAYS
    customer, product, store = (
        column[recent] for column in (purchases.customer, purchases.product, purchases.store)
    )
    count_stores, count_products = int(store.max(initial=0)) + 1, max(1, purchases.shape[1])
    visits = np.zeros((purchases.shape[0], count_stores), dtype=np.int32)
    np.add.at(visits, (customer, store), 1)
    home = visits.argmax(axis=1)
    has_home = visits.max(axis=1, initial=0) > 0
    customers_of = np.bincount(home[has_home], minlength=count_stores)
    triples = distinct((store * count_products + product) * max(1, purchases.shape[0]) + customer)
    pairs = triples // max(1, purchases.shape[0])
    keys = distinct(pairs)
    count_buyers = np.diff(np.append(np.searchsorted(pairs, keys), len(pairs)))

    def share(who: NDArray[np.int64], what: NDArray[np.int64]) -> NDArray[np.float32]:
        if len(keys) == 0:
            return np.zeros(len(who), dtype=np.float32)
        wanted = home[who] * count_products + what
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        found = np.where(keys[place] == wanted, count_buyers[place], 0)
        return (found / np.maximum(1, customers_of[home[who]])).astype(np.float32)

    return share
