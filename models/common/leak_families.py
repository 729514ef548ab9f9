"""Find features that know too much together, though each alone stays below the limit.

A family is one figure over several windows, `spend_30d` to `spend_365d`: made by one rule, so that a mistake
in it (a window that reaches into the outcome) is in all of them, a little in each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.common.leaks import Events
from models.common.params import LeakLimits

WINDOW = re.compile(r"_\d+d$")


def families(features: Sequence[str]) -> dict[str, list[str]]:
    """Features that differ by their window only, by what is left of the name; lone features are no family."""
    ordered = sorted(features, key=lambda name: (WINDOW.sub("", name), name))
    grouped = {stem: list(names) for stem, names in groupby(ordered, key=lambda name: WINDOW.sub("", name))}
    return {stem: names for stem, names in grouped.items() if len(names) > 1}


def _ranked(frame: pl.DataFrame, names: Sequence[str]) -> NDArray[np.float64]:
    """Each feature as ranks from 0 to 1 with a flag for what is missing, and a constant."""
    values = frame.select(pl.col(name).cast(pl.Float64).fill_nan(None) for name in names)
    ranks = values.select((pl.all().rank("average") / pl.len()).fill_null(0.0)).to_numpy()
    missing = values.select(pl.all().is_null().cast(pl.Float64)).to_numpy()
    return np.column_stack([ranks, missing, np.ones(len(frame))])


def joint_power(values: NDArray[np.float64], events: Events, is_first: Events) -> float:
    """AUC of the best linear combination, learned from one half of the rows and measured on the other.

    The mean of both ways round; 0.5 where a half has no event, or nothing but events.
    """
    from sklearn.metrics import roc_auc_score

    found = []
    for learned in (is_first, ~is_first):
        if len(np.unique(events[learned])) < 2 or len(np.unique(events[~learned])) < 2:
            return 0.5
        weights = np.linalg.lstsq(values[learned], events[learned].astype(float), rcond=None)[0]
        found.append(float(roc_auc_score(events[~learned], values[~learned] @ weights)))
    return float(np.mean(found))


def _halves(customers: pl.Series) -> Events:
    """All rows of a customer fall into the same half."""
    return np.asarray(customers.rank("dense").to_numpy() % 2 == 0)


def suspicious(
    frame: pl.DataFrame, features: Sequence[str], outcomes: Mapping[str, Events], limits: LeakLimits
) -> dict[str, str]:
    """Every feature of a family that together ranks an outcome better than the limit, with the reason."""
    found: dict[str, str] = {}
    is_first = _halves(frame["customer_id"])
    for stem, names in families(features).items():
        values = _ranked(frame, names)
        for outcome, events in outcomes.items():
            power = joint_power(values, events, is_first)
            if power > limits.auc:
                reason = f"all of {stem} together rank the outcome with AUC {power:.3f} ({outcome})"
                found |= dict.fromkeys(names, reason)
    return found
