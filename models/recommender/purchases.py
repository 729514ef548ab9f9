"""Who bought what on which day, as arrays that every model reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

EPOCH = date(1970, 1, 1)


def _numbered(column: pa.ChunkedArray) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """The distinct ids in ascending order, and each row's place among them."""
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    ids = np.array(encoded.dictionary.to_pylist(), dtype=str)
    order = np.argsort(ids)
    place = np.empty(len(ids), dtype=np.int64)
    place[order] = np.arange(len(ids))
    return ids[order], place[encoded.indices.to_numpy(zero_copy_only=False)] if len(ids) else place


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

    def _kept(self, kept: NDArray[np.bool_], as_of_date: date) -> Purchases:
        chosen = (self.customer[kept], self.product[kept], self.day[kept])
        return Purchases(self.customers, self.products, *chosen, as_of_date)

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

    def count_buyers(self, window_days: int) -> NDArray[np.float32]:
        """Per product: how many customers bought it in the last `window_days`."""
        recent = self._kept(self.age_days <= window_days, self.as_of_date)
        return np.asarray(recent.bought().sum(axis=0), dtype=np.float32).ravel()


def from_arrow(lines: pa.Table, as_of_date: date) -> Purchases:
    """Purchases from rows of customer_id, product_id, ordered_on; several rows of one day count once."""
    customers, customer = _numbered(lines["customer_id"])
    products, product = _numbered(lines["product_id"])
    day = lines["ordered_on"].cast(pa.int32()).to_numpy().astype(np.int64)
    order = np.lexsort((day, product, customer))
    customer, product, day = customer[order], product[order], day[order]
    is_new = np.ones(len(day), dtype=bool)
    is_new[1:] = (np.diff(customer) != 0) | (np.diff(product) != 0) | (np.diff(day) != 0)
    known = is_new & (day < (as_of_date - EPOCH).days)
    return Purchases(customers, products, customer[known], product[known], day[known], as_of_date)
