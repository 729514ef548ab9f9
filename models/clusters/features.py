"""What customers are compared by: one column for each side of their behaviour, so that none counts twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    """A column of `gold.customer_features`; `low` and `high` say what is apart about a cluster."""

    column: str
    low: str
    high: str
    is_skewed: bool = True


SIDES = (
    Side("orders_90d", "few orders", "many orders"),
    Side("mean_order_spend_90d", "small baskets", "large baskets"),
    Side("days_since_last_order", "bought lately", "bought long ago"),
    Side("discount_share_90d", "few discounts", "many discounts", is_skewed=False),
    Side("coupon_share_90d", "no coupons", "many coupons"),
    Side("sessions_90d", "rarely on the web", "often on the web"),
    Side("email_opens_90d", "opens no mail", "opens mail"),
    Side("tenure_days", "new", "long known", is_skewed=False),
)
COLUMNS = tuple(side.column for side in SIDES)
ACTIVE = "orders_90d"


def matrix(rows: pl.DataFrame) -> Numbers:
    """Customers by sides; skewed ones as log(1 + x), so that a few large customers are not all there is.

    A missing value (no mail was ever sent) counts as 0.
    """
    found = rows.select(COLUMNS).fill_null(0).to_numpy().astype(np.float64)
    is_skewed = [side.is_skewed for side in SIDES]
    found[:, is_skewed] = np.log1p(np.clip(found[:, is_skewed], 0, None))
    return found
