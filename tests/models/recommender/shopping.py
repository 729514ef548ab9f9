"""Purchases whose answer is known by construction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pyarrow as pa

from models.recommender.purchases import Purchases, from_arrow

AS_OF = date(2017, 11, 1)


def purchases(rows: Iterable[tuple[str, str, int]], as_of_date: date = AS_OF) -> Purchases:
    """From customer, product, days before as_of_date."""
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return from_arrow(
        pa.table(
            {
                "customer_id": pa.array(columns[0], pa.string()),
                "product_id": pa.array(columns[1], pa.string()),
                "ordered_on": pa.array([AS_OF - timedelta(days=age) for age in columns[2]], pa.date32()),
            }
        ),
        as_of_date,
    )


def two_blocks(count_days: int = 1) -> Purchases:
    """Six customers buy from a0..a3, six from b0..b3; each leaves one product of the block out.

    Every product that they buy, they buy on so many days.
    """
    rows = []
    for block in "ab":
        for customer in range(6):
            left_out = customer % 4
            bought = [product for product in range(4) if product != left_out]
            for day in range(count_days):
                rows += [
                    (f"{block}{customer}", f"{block}{product}", 3 + product + 7 * day) for product in bought
                ]
    return purchases(rows)
