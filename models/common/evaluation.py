"""How good predictions are: figures and curves beside the baselines, the gain over them, and slices."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from models.common import figures
from models.common.boosting import Numbers
from models.common.task import Task

RESAMPLES = 400
SMALLEST_SLICE = 50


def paired_gain(task: Task, outcome: Numbers, mine: Numbers, theirs: Numbers) -> dict[str, float]:
    """What one gains over the other in the headline figure, on the same customers, with a 95 % interval.

    A paired bootstrap by customer (Efron 1979); above zero the first is better,
    whichever way the figure points.
    """
    sign = 1.0 if task.higher_is_better else -1.0

    def gain(rows: Any) -> float:
        return sign * (task.quick(outcome[rows], mine[rows]) - task.quick(outcome[rows], theirs[rows]))

    rng = np.random.default_rng(1)
    drawn = (rng.integers(0, len(outcome), len(outcome)) for _ in range(RESAMPLES))
    gains = [gain(rows) for rows in drawn if len(np.unique(outcome[rows])) > 1]
    low, high = np.quantile(gains, [0.025, 0.975])
    return {"gain": gain(np.arange(len(outcome))), "low": float(low), "high": float(high)}


def _over_the_strongest(task: Task, outcome: Numbers, predictions: dict[str, Numbers]) -> dict[str, Any]:
    sign = 1.0 if task.higher_is_better else -1.0
    rivals = [name for name in predictions if name != "model"]
    rival = max(rivals, key=lambda name: sign * task.quick(outcome, predictions[name]))
    found = paired_gain(task, outcome, predictions["model"], predictions[rival])
    return {"figure": task.headline, "over": rival, **found}


def evaluate(task: Task, outcome: Numbers, predictions: dict[str, Numbers]) -> dict[str, Any]:
    """Figures of the model and of the baselines beside it, and the curves of all of them."""
    measured = {name: task.figures(outcome, predicted) for name, predicted in predictions.items()}
    return {
        "count_customers": len(outcome),
        "mean_outcome": float(outcome.mean()),
        "figures": measured.pop("model"),
        "baselines": measured,
        "gain": _over_the_strongest(task, outcome, predictions),
        "curves": {
            "calibration": {name: figures.calibration(outcome, p) for name, p in predictions.items()},
            "lift": {name: figures.lift(outcome, p) for name, p in predictions.items()},
        },
    }


def _groups(rows: pl.DataFrame) -> dict[str, pl.Series]:
    """How customers are told apart: by how often they came, how long they are known, and who they are."""
    often = pl.Series("often", rows["orders_90d"].cast(pl.Float64))
    found = {"orders in 90 days": often.cut([2.5, 8.5], labels=["1 to 2", "3 to 8", "9 or more"])}
    if "days_since_first_order" in rows.columns:
        tenure = rows["days_since_first_order"].cast(pl.Float64)
        found["known for"] = tenure.cut([90, 180], labels=["up to 90 days", "91 to 180 days", "longer"])
    for name in rows.columns:
        if name.startswith("slice_"):
            found[name.removeprefix("slice_").replace("_", " ")] = rows[name].fill_null("not known")
    return {name: values.cast(pl.String) for name, values in found.items()}


def slices(task: Task, rows: pl.DataFrame, predicted: Numbers) -> list[dict[str, Any]]:
    """Mean predicted and observed of each group, with its count; groups too small to say are counted only."""
    outcome, found = task.outcome(rows), []
    for by, groups in _groups(rows).items():
        for group in groups.unique().drop_nulls().sort():
            is_in = (groups == group).fill_null(False).to_numpy()
            row: dict[str, Any] = {"by": by, "group": group, "count": int(is_in.sum())}
            if row["count"] >= SMALLEST_SLICE:
                row |= {
                    "predicted": float(predicted[is_in].mean()),
                    "observed": float(outcome[is_in].mean()),
                }
                if len(np.unique(outcome[is_in])) > 1:
                    row[task.headline] = task.quick(outcome[is_in], predicted[is_in])
            found.append(row)
    return found
