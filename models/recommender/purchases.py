"""Who bought what on which day, as arrays that every model reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

EPOCH = date(1970, 1, 1)
LEVELS = ("product_type", "product_category", "department", "manufacturer_id", "brand")


def distinct(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The different keys in ascending order: `np.unique` of mostly different keys takes twice as long."""
    ordered = np.sort(keys)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def _numbered(column: pa.ChunkedArray) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """The distinct ids in ascending order, and each row's place among them."""
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    ids = np.array(encoded.dictionary.to_pylist(), dtype=str)
    order = np.argsort(ids)
    place = np.empty(len(ids), dtype=np.int64)
    place[order] = np.arange(len(ids))
    return ids[order], place[encoded.indices.to_numpy(zero_copy_only=False)] if len(ids) else place


def _coded(column: pa.ChunkedArray | None, count: int) -> NDArray[np.int64]:
    """Each row's value as a small number, one number for all where there is no such column."""
    if column is None:
        return np.zeros(count, dtype=np.int64)
    encoded = column.combine_chunks().dictionary_encode().indices
    return np.asarray(encoded.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64) + 1


@dataclass(frozen=True, eq=False)
class Catalogue:
    """What the products are, by product index: groups as small numbers, 0 where unknown."""

    groups: Mapping[str, NDArray[np.int64]]  # by the names in LEVELS

    def count(self, level: str) -> int:
        """Groups of a level."""
        return int(self.groups[level].max(initial=0)) + 1


def _catalogue(products: pa.Table | None, ids: NDArray[np.str_]) -> Catalogue:
    """The groups of the products with these ids; one group for all without a table."""
    if products is None:
        return Catalogue({level: np.zeros(len(ids), dtype=np.int64) for level in LEVELS})
    place = pc.index_in(pa.array(ids.tolist(), pa.string()), products["product_id"].cast(pa.string()))
    found = products.take(place)
    return Catalogue({level: _coded(found[level], len(ids)) for level in LEVELS})


@dataclass(frozen=True, eq=False)
class Purchases:
    """Purchase days before `as_of_date`, one entry per customer, product and day.

    Entries are sorted by customer, product, day. `customers` and `products` are ids in ascending order, so
    that a lower index is a lower id: ties between products are broken by index.
    """

    customers: NDArray[np.str_]
    products: NDArray[np.str_]
    customer: NDArray[np.int64]  # index into `customers`
    product: NDArray[np.int64]  # index into `products`
    day: NDArray[np.int64]  # days since 1970-01-01
    amount: NDArray[np.float32]  # spent on the product that day
    store: NDArray[np.int64]  # small number of the store, 0 where unknown
    catalogue: Catalogue
    as_of_date: date  # the first day not seen

    @property
    def shape(self) -> tuple[int, int]:
        """Customers times products."""
        return len(self.customers), len(self.products)

    @property
    def age_days(self) -> NDArray[np.int64]:
        """Days from each entry to `as_of_date`; the day before is 1."""
        return (self.as_of_date - EPOCH).days - self.day

    def before(self, as_of_date: date) -> Purchases:
        """What was known then; customers and products keep their indices."""
        return self._kept(self.day < (as_of_date - EPOCH).days, as_of_date)

    def since(self, first_day: date) -> Purchases:
        """Only the entries of that day and later; customers and products keep their indices."""
        return self._kept(self.day >= (first_day - EPOCH).days, self.as_of_date)

    def where(self, kept: NDArray[np.bool_]) -> Purchases:
        """Only some of the entries; customers and products keep their indices."""
        return self._kept(kept, self.as_of_date)

    def within_days(self, window_days: int) -> Purchases:
        """Only the entries of the last `window_days`; customers and products keep their indices."""
        return self.where(self.age_days <= window_days)

    def _kept(self, kept: NDArray[np.bool_], as_of_date: date) -> Purchases:
        return replace(
            self,
            customer=self.customer[kept],
            product=self.product[kept],
            day=self.day[kept],
            amount=self.amount[kept],
            store=self.store[kept],
            as_of_date=as_of_date,
        )

    def weighted(self, half_life_days: float | None = None) -> sparse.csr_matrix:
        """Customers x products: how often, each day counting half after every `half_life_days`."""
        if half_life_days is None:
            weights = np.ones(len(self.day), dtype=np.float32)
        else:
            weights = np.power(0.5, self.age_days / half_life_days).astype(np.float32)
        return sparse.csr_matrix((weights, (self.customer, self.product)), shape=self.shape, dtype=np.float32)

    def bought(self) -> sparse.csr_matrix:
        """Customers x products: 1 where the customer ever bought the product."""
        matrix = self.weighted()
        matrix.data[:] = 1.0
        return matrix

    def spent(self) -> sparse.csr_matrix:
        """Customers x products: what the customer spent on the product."""
        return sparse.csr_matrix((self.amount, (self.customer, self.product)), shape=self.shape)

    def trips(self) -> sparse.csr_matrix:
        """Customers x days: set where the customer bought something that day."""
        ones = np.ones(len(self.day), dtype=np.float32)
        shape = (len(self.customers), int(self.age_days.max(initial=0)) + 1)
        return sparse.csr_matrix((ones, (self.customer, self.age_days)), shape=shape)

    def count_buyers(self, window_days: int) -> NDArray[np.float32]:
        """Per product: how many customers bought it in the last `window_days`."""
        return np.asarray(self.within_days(window_days).bought().sum(axis=0), dtype=np.float32).ravel()


@lru_cache(maxsize=4)
def known_before(purchases: Purchases, as_of_date: date) -> Purchases:
    """As `purchases.before`, one object for all who ask: what is computed of it can be kept with it."""
    return purchases.before(as_of_date)


def from_arrow(lines: pa.Table, as_of_date: date, catalogue: pa.Table | None = None) -> Purchases:
    """Purchases from rows of customer_id, product_id, ordered_on; several rows of one day count once.

    Of `lines` amount and store_id are used where they are given; `catalogue` has product_id and LEVELS.
    """
    customers, customer = _numbered(lines["customer_id"])
    products, product = _numbered(lines["product_id"])
    day = lines["ordered_on"].cast(pa.int32()).to_numpy().astype(np.int64)
    first_day, count_days = (day.min(), int(np.ptp(day)) + 1) if len(day) else (0, 1)
    # One number per customer, product and day: sorting it is ten times faster than sorting three columns.
    key = (customer * len(products) + product) * count_days + (day - first_day)
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    pair, ago = np.divmod(ordered[first], count_days)
    amounts = _amounts(lines)[order]
    spent = np.add.reduceat(amounts, first) if len(first) else amounts
    whole = Purchases(
        customers,
        products,
        pair // max(1, len(products)),
        pair % max(1, len(products)),
        ago + first_day,
        spent.astype(np.float32),
        _coded(_column(lines, "store_id"), len(day))[order][first],
        _catalogue(catalogue, products),
        as_of_date,
    )
    return whole.before(as_of_date)


def _column(lines: pa.Table, name: str) -> pa.ChunkedArray | None:
    return lines[name] if name in lines.column_names else None


def _amounts(lines: pa.Table) -> NDArray[np.float64]:
    amounts = _column(lines, "amount")
    if amounts is None:
        return np.zeros(lines.num_rows)
    return np.asarray(amounts.cast(pa.float64()).to_numpy())
