"""Expected orders and spend of customers by BG/NBD and Gamma-Gamma, from columns of gold.customer_features.

A purchase is a day with an order. Times are days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.common.btyd import bg_nbd, gamma_gamma, summaries
from models.common.btyd.bg_nbd import PurchaseModel
from models.common.btyd.gamma_gamma import SpendModel

Numbers = NDArray[np.float64]
Rows = NDArray[np.bool_]
Column = Callable[[str], Numbers]  # A column of the features by its name, missing as NaN.

DAYS, FIRST, LAST, SPEND = (
    "order_days",
    "days_since_first_order",
    "days_since_last_order",
    "lifetime_spend",
)
NEEDED = (DAYS, FIRST, LAST, SPEND)
ONE_TIME_SHARE = 0.5  # From here on one-time buyers dominate, and may have stopped after their only purchase.


@dataclass(frozen=True)
class ValueModel:
    """Both models, and what brings their totals to those of the newest closed window.

    `orders_per_day` and `money` are observed over expected; 1 where there was nothing to measure.
    """

    purchases: PurchaseModel
    spend: SpendModel
    orders_factor: float = 1.0
    money_factor: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> ValueModel:
        """The inverse of to_dict."""
        return cls(
            PurchaseModel(**found["purchases"]),
            SpendModel(**found["spend"]),
            found["orders_factor"],
            found["money_factor"],
        )


def _summary(column: Column) -> tuple[Rows, Numbers, Numbers, Numbers]:
    """Which rows ever bought; x, t_x and T of those."""
    has_bought = np.nan_to_num(column(DAYS)) > 0
    frequency = column(DAYS)[has_bought] - 1
    age = column(FIRST)[has_bought]
    return has_bought, frequency, np.where(frequency > 0, age - column(LAST)[has_bought], 0.0), age


def fit(column: Column) -> ValueModel:
    """Fit on everybody who ever bought, also on those who lapsed; no outcome is looked at.

    Raises ValueError when nobody bought twice or nothing is worth anything.
    """
    has_bought, frequency, recency, age = _summary(column)
    data = summaries.of(frequency, recency, age)
    one_time = float(data.weight[data.frequency == 0].sum()) / data.count
    purchases = bg_nbd.fit(data, is_modified=one_time > ONE_TIME_SHARE)
    count = frequency + 1
    return ValueModel(purchases, gamma_gamma.fit(count, column(SPEND)[has_bought] / count))


def _spread(has_bought: Rows, values: Numbers) -> Numbers:
    found = np.zeros(len(has_bought))
    found[has_bought] = values
    return found


def expected_orders(model: ValueModel, column: Column, horizon_days: int) -> Numbers:
    """Orders within the horizon; 0 for those who never bought."""
    has_bought, frequency, recency, age = _summary(column)
    expected = bg_nbd.expected_purchases(model.purchases, frequency, recency, age, float(horizon_days))
    return _spread(has_bought, model.orders_factor * expected)


def expected_spend(model: ValueModel, column: Column, horizon_days: int) -> Numbers:
    """Money within the horizon; 0 for those who never bought."""
    has_bought, frequency, recency, age = _summary(column)
    count = frequency + 1
    worth = gamma_gamma.expected_value(model.spend, count, column(SPEND)[has_bought] / count)
    expected = bg_nbd.expected_purchases(model.purchases, frequency, recency, age, float(horizon_days))
    return _spread(has_bought, model.money_factor * expected * worth)
