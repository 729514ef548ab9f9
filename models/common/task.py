"""What a model folder states: its outcome, its baselines, its figures. The rest is the same for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from models.common import figures as measures
from models.common import intervals
from models.common.boosting import Numbers
from models.common.intervals import Interval
from models.common.leaks import Events


@dataclass(frozen=True)
class Task:
    """Functions over training rows (one row per customer and cut-off, see training_sets).

    `outcome` is what is predicted, money or (not `is_money`) a yes as 1 and a no as 0; `events` are yes/no
    outcomes that leaks are looked for in, the first one being what `minimum.events` counts; `baselines` fits
    simple rules on the first rows and predicts the second, given the horizon in days.
    """

    name: str
    purpose: str
    outcome: Callable[[pl.DataFrame], Numbers]
    events: Callable[[pl.DataFrame], Mapping[str, Events]]
    baselines: Callable[[pl.DataFrame, pl.DataFrame, int], Mapping[str, Numbers]]
    is_money: bool

    @property
    def headline(self) -> str:
        """The figure that models are compared by."""
        return "mae" if self.is_money else "auc"

    @property
    def higher_is_better(self) -> bool:
        """Which way the headline points."""
        return not self.is_money

    def figures(self, outcome: Numbers, predicted: Numbers) -> dict[str, float]:
        """Predictions against outcomes."""
        return (measures.of_amounts if self.is_money else measures.of_probabilities)(outcome, predicted)

    def quick(self, outcome: Numbers, predicted: Numbers) -> float:
        """The headline alone, fast enough for a bootstrap."""
        return (measures.mae if self.is_money else measures.auc)(outcome, predicted)

    def offsets(self, outcome: Numbers, predicted: Numbers) -> tuple[float, float]:
        """How far off predictions of some rows were."""
        return (intervals.of_amount if self.is_money else intervals.of_probability)(outcome, predicted)

    def coverage(self, outcome: Numbers, predicted: Numbers, interval: Interval) -> dict[str, Any]:
        """How often the interval holds what came."""
        low, high = intervals.apply(interval, predicted, float("inf") if self.is_money else 1.0)
        if self.is_money:
            return intervals.coverage(outcome, low, high)
        return intervals.coverage_of_rates(outcome, predicted, low, high)
