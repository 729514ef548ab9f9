"""How far off a prediction may be: what was seen on a later cut-off, by the size of the prediction.

Amounts: split conformal prediction (Lei et al. 2018) within fifths of the prediction. Probabilities: the rate
that a hundred customers with this prediction may show, from the rate that was observed within fifths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
# Edges of the fifths, and what to add to a prediction within each for the lower and the upper end.
Interval = Mapping[str, list[float]]
Offsets = Callable[[Numbers, Numbers], tuple[float, float]]

LEVEL = 0.8
FIFTHS = 5
GROUP = 100
NORMAL = 1.2816  # The 90th percentile of the normal distribution: 80 % lie within.


def of_amount(outcome: Numbers, predicted: Numbers) -> tuple[float, float]:
    """Quantiles of the errors, widened as few rows demand."""
    errors = np.sort(outcome - predicted)
    tail, count = (1 - LEVEL) / 2, len(errors)
    low = int(np.floor((count + 1) * tail)) - 1
    high = int(np.ceil((count + 1) * (1 - tail))) - 1
    return float(errors[max(low, 0)]), float(errors[min(high, count - 1)])


def of_probability(outcome: Numbers, predicted: Numbers) -> tuple[float, float]:
    """Where the rate of `GROUP` such customers will lie, as distances from the mean prediction.

    The centre is Wilson's, which never says that nothing can happen; the spread is that of the rows it was
    measured on and that of the group together.
    """
    count, rate = len(outcome), float(outcome.mean())
    spread = NORMAL**2 / count
    middle = (rate + spread / 2) / (1 + spread)
    half = NORMAL * np.sqrt(middle * (1 - middle) * (1 / count + 1 / GROUP))
    mean = float(predicted.mean())
    return float(min(middle - half - mean, 0.0)), float(max(middle + half - mean, 0.0))


def fit(outcome: Numbers, predicted: Numbers, offsets: Offsets) -> dict[str, list[float]]:
    """Measure on rows that the predictions were not fitted on."""
    edges = np.unique(np.quantile(predicted, np.arange(1, FIFTHS) / FIFTHS))
    fifth = np.searchsorted(edges, predicted, side="right")
    found = [offsets(outcome[fifth == i], predicted[fifth == i]) for i in np.unique(fifth)]
    # Ties can leave a fifth empty: its neighbour's offsets serve.
    used = np.searchsorted(np.unique(fifth), np.arange(len(edges) + 1), side="right") - 1
    lows, highs = ([pair[side] for pair in found] for side in (0, 1))
    return {
        "edges": edges.tolist(),
        "low": [lows[max(i, 0)] for i in used],
        "high": [highs[max(i, 0)] for i in used],
    }


def apply(interval: Interval, predicted: Numbers, highest: float) -> tuple[Numbers, Numbers]:
    """Lower and upper ends, between 0 and `highest`, around the prediction."""
    fifth = np.searchsorted(np.array(interval["edges"]), predicted, side="right")
    low = predicted + np.minimum(np.array(interval["low"])[fifth], 0.0)
    high = predicted + np.maximum(np.array(interval["high"])[fifth], 0.0)
    return np.clip(low, 0.0, highest), np.clip(high, 0.0, highest)


def coverage(outcome: Numbers, low: Numbers, high: Numbers) -> dict[str, Any]:
    """The share of outcomes within their interval, beside the share that was asked."""
    return {"level": LEVEL, "covered": float(((outcome >= low) & (outcome <= high)).mean())}


def coverage_of_rates(outcome: Numbers, predicted: Numbers, low: Numbers, high: Numbers) -> dict[str, Any]:
    """The share of tenths whose observed rate lies within their mean interval."""
    tenths = np.array_split(np.argsort(predicted, kind="stable"), 10)
    inside = [low[t].mean() <= outcome[t].mean() <= high[t].mean() for t in tenths if len(t)]
    return {"level": LEVEL, "covered": float(np.mean(inside))}
