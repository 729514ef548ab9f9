"""How often the event comes at all, where a calendar drives it and no customer's own past tells.

Coupons are redeemed while campaigns run. Between months the rate differs by a factor of ten, and a model that
learned from all months says their mean in each. What is known as of a cut-off is how many campaigns run then:
a regression over the closed windows, log(rate) on log(mean of that feature), says what rate to expect, and
all log-odds move by one number until the predictions have that mean (prior correction; King and Zeng 2001,
"Logistic regression in rare events data", section 4.1). Order is not touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from models.common import speaking
from models.common.boosting import Manifest, Numbers
from models.common.btyd.customers import Column

if TYPE_CHECKING:
    from xgboost import Booster

FEWEST_WINDOWS = 4
# A month without campaigns is no month without coupons.
LEAST_MEAN = 0.01


def fit(rows: pl.DataFrame, outcome: Numbers, feature: str | None) -> dict[str, Any] | None:
    """Intercept and slope over the windows of `rows` (by as_of_date), and the lowest and highest rate seen.

    None without such a feature, or with fewer than FEWEST_WINDOWS windows.
    """
    if feature is None or feature not in rows.columns:
        return None
    by_window = (
        rows.select(
            "as_of_date", mean=pl.col(feature).cast(pl.Float64).fill_null(0.0), rate=pl.Series(outcome)
        )
        .group_by("as_of_date")
        .agg(pl.col("mean").mean(), pl.col("rate").mean())
        .filter(pl.col("rate") > 0)
    )
    if by_window.height < FEWEST_WINDOWS:
        return None
    known, rates = np.log(by_window["mean"].to_numpy() + LEAST_MEAN), np.log(by_window["rate"].to_numpy())
    spread = float(((known - known.mean()) ** 2).sum())
    slope = float((known - known.mean()) @ rates) / spread if spread > 0 else 0.0
    return {
        "feature": feature,
        "intercept": float(rates.mean() - slope * known.mean()),
        "slope": slope,
        "lowest": float(np.exp(rates.min())),
        "highest": float(np.exp(rates.max())),
    }


def expected(known: Mapping[str, Any], mean: float) -> float:
    """The rate to expect where the feature has this mean; never outside of what was seen."""
    rate = float(np.exp(known["intercept"] + known["slope"] * np.log(mean + LEAST_MEAN)))
    return float(np.clip(rate, known["lowest"], known["highest"]))


def shift_to(predicted: Numbers, rate: float) -> float:
    """By how much to move all log-odds so that the mean of the probabilities is `rate`."""
    from scipy.optimize import brentq

    return float(
        brentq(lambda shift: speaking.with_odds_moved(predicted, shift).mean() - rate, -20.0, 20.0, xtol=1e-9)
    )


def as_of(manifest: Manifest, booster: Booster, column: Column) -> Manifest:
    """The manifest for this day, with the shift that these customers, its population of the day, ask for."""
    known = manifest.base_rate
    if known is None:
        return manifest
    mean = np.nan_to_num(column(known["feature"]))
    if not len(mean):
        return manifest
    still = replace(manifest, shift=0.0)
    predicted = speaking.speak(booster, still, column)
    return replace(manifest, shift=round(shift_to(predicted, expected(known, float(mean.mean()))), 9))
