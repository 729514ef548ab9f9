"""What a model says of customers: the trees, and for money also BG/NBD and the rate of the last 90 days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from models.common import boosting
from models.common.boosting import Manifest, Numbers
from models.common.btyd import customers
from models.common.btyd.customers import Column, ValueModel
from models.common.features import Matrix

if TYPE_CHECKING:
    from xgboost import Booster


TREES, BG_NBD, RATE = "trees", "bg_nbd", "rate_90d"
RATE_COLUMN, RATE_DAYS = "spend_90d", 90
TENTHS, LEAST_TREES = 10, 2
LIMIT = 1e-6  # No probability is surer than that.


def of_frame(rows: pl.DataFrame) -> Column:
    """Columns of a frame, missing as NaN."""
    return lambda name: rows[name].cast(pl.Float64).to_numpy().astype(np.float64)


def needed(manifest: Manifest) -> set[str]:
    """The columns that a prediction needs."""
    calendar = (manifest.base_rate["feature"],) if manifest.base_rate else ()
    return {*manifest.features, *calendar, *((*customers.NEEDED, RATE_COLUMN) if manifest.value else ())}


def values(column: Column, features: Sequence[str]) -> Matrix:
    """Rows by features, as the trees want them."""
    return np.column_stack([column(name).astype(np.float32) for name in features])


def value_model(manifest: Manifest) -> ValueModel | None:
    """BG/NBD and Gamma-Gamma of the manifest, if it has them."""
    return ValueModel.from_dict(manifest.value) if manifest.value else None


def others(manifest: Manifest, column: Column) -> dict[str, Numbers]:
    """What BG/NBD with Gamma-Gamma, and the rate of the last 90 days, say of money; nothing without them."""
    if (known := value_model(manifest)) is None:
        return {}
    return {
        BG_NBD: customers.expected_spend(known, column, manifest.horizon_days),
        RATE: np.nan_to_num(column(RATE_COLUMN)) * (manifest.horizon_days / RATE_DAYS),
    }


def with_odds_moved(probabilities: Numbers, shift: float) -> Numbers:
    """Probabilities with all log-odds moved by `shift`."""
    certain = np.clip(probabilities, LIMIT, 1 - LIMIT)
    return np.asarray(1 / (1 + np.exp(-(np.log(certain / (1 - certain)) + shift))))


def blended(trees: Numbers, manifest: Manifest, column: Column) -> Numbers:
    """The trees' predictions and those of the others, by their weights; moved to the day's base rate."""
    if set(manifest.weights) == {TREES}:
        return with_odds_moved(trees, manifest.shift) if manifest.shift else trees
    said = {TREES: trees, **others(manifest, column)}
    return np.asarray(sum(weight * said[name] for name, weight in sorted(manifest.weights.items())))


def best_weights(said: Mapping[str, Numbers], outcome: Numbers) -> dict[str, float]:
    """The weights, in tenths, with the smallest mean absolute error; the first name is the trees'.

    They keep two tenths at least: the reasons of a score are theirs.
    """
    names = list(said)
    stacked = np.column_stack([said[name] for name in names])
    tenths = [
        each
        for each in product(range(TENTHS, -1, -1), repeat=len(names))
        if sum(each) == TENTHS and each[0] >= LEAST_TREES
    ]
    errors = [np.abs(stacked @ (np.array(each) / TENTHS) - outcome).mean() for each in tenths]
    best = tenths[int(np.argmin(errors))]
    return {name: share / TENTHS for name, share in zip(names, best, strict=True) if share}


def speak(booster: Booster, manifest: Manifest, column: Column) -> Numbers:
    """Predictions for the rows that `column` gives the features of."""
    return blended(boosting.predict(booster, values(column, manifest.features)), manifest, column)
