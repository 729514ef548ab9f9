from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from models.recommender.purchases import from_arrow
from models.recommender.ranker import facts
from tests.models.recommender.shopping import AS_OF, purchases


def column(values: np.ndarray, names: tuple[str, ...], name: str) -> list[float]:
    return values[:, names.index(name)].tolist()


def test_products_by_hand():
    bought = purchases([("c", "p", 3), ("d", "p", 20), ("d", "p", 40), ("c", "q", 50)])
    known = facts.of_products(bought)
    assert column(known, facts.PRODUCT_NAMES, "buyers_7d") == [1, 0]
    assert column(known, facts.PRODUCT_NAMES, "buyers_28d") == [2, 0]
    assert column(known, facts.PRODUCT_NAMES, "buyers_trend") == pytest.approx([7 / 6, 5 / 6])
    assert column(known, facts.PRODUCT_NAMES, "repeat_share") == [0.5, 0]
    assert column(known, facts.PRODUCT_NAMES, "days_since_first_sale") == [40, 50]
    old = facts.of_products(purchases([("c", "p", 300)]))
    assert column(old, facts.PRODUCT_NAMES, "days_since_first_sale") == [facts.NEW_DAYS]


def test_customers_by_hand():
    bought = purchases([("c", "p", 3), ("c", "q", 3), ("c", "p", 60), ("d", "q", 100)])
    known = facts.of_customers(bought)
    assert column(known, facts.CUSTOMER_NAMES, "trips_28d") == [1, 0]
    assert column(known, facts.CUSTOMER_NAMES, "trips_91d") == [2, 0]
    assert column(known, facts.CUSTOMER_NAMES, "days_since_trip") == [3, 100]
    assert column(known, facts.CUSTOMER_NAMES, "products_a_trip") == [1.5, 1]
    assert column(known, facts.CUSTOMER_NAMES, "new_share_28d") == [0.5, 0]


def test_the_share_of_a_store_is_among_its_own_customers():
    rows = [("c", "p", 1), ("d", "p", 1), ("e", "q", 1)]
    lines = pa.table(
        {
            "customer_id": [c for c, _, _ in rows],
            "product_id": [p for _, p, _ in rows],
            "ordered_on": pa.array([AS_OF - timedelta(days=age) for _, _, age in rows], pa.date32()),
            "store_id": pa.array([1, 1, 2], pa.int32()),
        }
    )
    share = facts.store_share(from_arrow(lines, AS_OF))
    assert share(np.array([0, 0, 2, 2]), np.array([0, 1, 0, 1])).tolist() == [1, 0, 0, 1]
