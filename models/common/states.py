"""The night's features of every customer, asked once for all horizons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from alluvium.errors import AlluviumError
from models.common.features import require
from models.common.prediction import Champion, needed

_STATES = """
    SELECT c.customer_id, c.is_profiling_allowed, {features}
    FROM {customers} AS c
    LEFT JOIN {facts} AS f ON c.customer_id = f.customer_id AND f.as_of_date = DATE '{as_of_date}'
"""


def query(champions: Sequence[Champion], as_of_date: date, customers: str, facts: str) -> str:
    """One row per customer: whether it may be profiled, its features as doubles, null when there are none.

    Standard SQL: two engines read it. The columns are those that manifests of ours name.
    """
    features = ", ".join(f"CAST(f.{name} AS DOUBLE) AS {name}" for name in needed(champions))
    return _STATES.format(features=features, customers=customers, facts=facts, as_of_date=as_of_date)


def check(champions: Sequence[Champion], columns: Sequence[str], has_rows: bool, as_of_date: date) -> None:
    """Refuse a night whose features are missing, or are not those that were learned from."""
    model = champions[0].manifest.model
    retrain = f"Train again: `alluvium job {model}.train --run-date <date>`"
    require(columns, needed(champions), f"The champion of {model}", retrain)
    if not has_rows:
        raise AlluviumError(
            f"There are no features as of {as_of_date}",
            where="gold.customer_features",
            do="Build the marts of that night first",
        )
