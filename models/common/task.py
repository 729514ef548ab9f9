"""What a model folder states: its outcome, its baselines, its figures. The rest is the same for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from models.common.boosting import Numbers
from models.common.leaks import Events


@dataclass(frozen=True)
class Task:
    """Functions over training rows (one row per customer and cut-off, see training_sets).

    `outcome` is what is predicted; `events` are yes/no outcomes that leaks are looked for in, the first one
    being what `minimum.events` counts; `baselines` fits simple rules on the first rows and predicts the
    second, given the horizon in days; `figures` measures predictions against outcomes.
    """

    name: str
    outcome: Callable[[pl.DataFrame], Numbers]
    events: Callable[[pl.DataFrame], Mapping[str, Events]]
    baselines: Callable[[pl.DataFrame, pl.DataFrame, int], Mapping[str, Numbers]]
    figures: Callable[[Numbers, Numbers], dict[str, float]]
