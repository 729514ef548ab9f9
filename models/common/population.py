"""Whom a model speaks of, and what is said of the others.

The population are customers with a purchase in the `active_days` before the cut-off. Others get the mean
outcome of their group, measured at the training's cut-offs: a prior, and it says so.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from alluvium.errors import AlluviumError
from models.common.boosting import Numbers

LAST_ORDER = "days_since_last_order"
FEWEST = 30  # Below that the mean of a group says little.

NO_HISTORY, NO_CONSENT, LAPSED = "no_history", "no_consent", "lapsed"


def orders_column(active_days: int) -> str:
    """The feature that counts orders of the population's days."""
    return f"orders_{active_days}d"


def active(rows: pl.DataFrame, active_days: int) -> pl.DataFrame:
    """The population; raises AlluviumError when the features do not say who belongs to it."""
    needed = {orders_column(active_days), LAST_ORDER}
    if missing := sorted(needed - set(rows.columns)):
        raise AlluviumError(f"The population needs {', '.join(missing)}", where="gold.customer_features")
    return rows.filter(pl.col(orders_column(active_days)) > 0)


def _mean(outcome: Numbers, is_member: pl.Series, otherwise: float) -> float:
    members = outcome[is_member.to_numpy()]
    return float(np.mean(members)) if len(members) >= FEWEST else otherwise


def priors(rows: pl.DataFrame, outcome: Numbers, active_days: int) -> dict[str, float]:
    """Mean outcome of each group that gets a prior, by reason.

    A group too small to measure takes the mean of the next wider one: no_history that of lapsed, lapsed that
    of everybody with a history, which is also what those get who may not be profiled.
    """
    has_history = rows[LAST_ORDER].is_not_null()
    is_active = rows[orders_column(active_days)].fill_null(0) > 0
    everybody = float(np.mean(outcome[has_history.to_numpy()]))
    lapsed = _mean(outcome, has_history & ~is_active, everybody)
    return {
        NO_CONSENT: round(everybody, 6),
        LAPSED: round(lapsed, 6),
        NO_HISTORY: round(_mean(outcome, ~has_history, lapsed), 6),
    }
