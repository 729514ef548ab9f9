"""Find features that know too much.

The demo's demographics file was made for households that stayed: whether a value is there at all tells who
leaves (0.4 % against 20.4 %), although nothing in the file says so. No feature alone is that good by merit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.common.params import LeakLimits

SMALLEST_SHARE = 0.1  # Of rows on either side of a split; smaller groups may differ by nature.
FEWEST_EVENTS = 20.0  # Expected in the quieter group; below that a rate near zero is luck.

Events = NDArray[np.bool_]


def ranking_power(values: NDArray[np.float64], events: Events) -> float:
    """AUC of the values alone in the better direction; a missing value counts as the lowest."""
    from sklearn.metrics import roc_auc_score

    lowest = np.nan_to_num(values, nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    ranks = np.unique(lowest, return_inverse=True)[1]
    auc = float(roc_auc_score(events, ranks))
    return max(auc, 1 - auc)


def _two_sides(values: NDArray[np.float64]) -> Events | None:
    """The split that a feature draws by being missing, or by having two values only."""
    missing: Events = np.isnan(values)
    if missing.any():
        return missing
    distinct = np.unique(values)
    return values == distinct[0] if len(distinct) == 2 else None


def rate_ratio(values: NDArray[np.float64], events: Events) -> float:
    """How many times more frequent the event is on one side of the feature's split; 1 when unclear."""
    side = _two_sides(values)
    if side is None or not SMALLEST_SHARE <= side.mean() <= 1 - SMALLEST_SHARE:
        return 1.0
    groups = (events[side], events[~side])
    quieter, louder = sorted(groups, key=lambda group: float(group.mean()))
    if len(quieter) * float(events.mean()) < FEWEST_EVENTS:
        return 1.0
    # Half an event more, so that none at all gives a number.
    return float(louder.mean() / ((quieter.sum() + 0.5) / len(quieter)))


def _verdict(values: NDArray[np.float64], events: Events, limits: LeakLimits) -> str | None:
    power = ranking_power(values, events)
    if power > limits.auc:
        return f"ranks the outcome with AUC {power:.3f} alone"
    ratio = rate_ratio(values, events)
    return f"its absence tells the outcome by a factor of {ratio:.0f}" if ratio > limits.rate_ratio else None


def suspicious(
    frame: pl.DataFrame, features: Sequence[str], outcomes: Mapping[str, Events], limits: LeakLimits
) -> dict[str, str]:
    """The features that know too much of any outcome, with the reason in words."""
    found: dict[str, str] = {}
    for name in features:
        values = frame[name].cast(pl.Float64).to_numpy()
        for outcome, events in outcomes.items():
            if reason := _verdict(values, events, limits):
                found[name] = f"{reason} ({outcome})"
                break
    return found
