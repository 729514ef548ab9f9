"""Make a candidate from a training set: count trees, fit, measure on the held-out cut-off, fit on all.

Pure: rows in, boosters and figures out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from alluvium.errors import AlluviumError
from models.common import boosting, figures, leaks, population
from models.common.boosting import Manifest, Numbers
from models.common.cutoffs import Split, outcome_end, split
from models.common.features import Matrix, matrix, without
from models.common.params import Params
from models.common.task import Task
from models.common.training_sets import TrainingSet


@dataclass(frozen=True)
class Candidate:
    """Two boosters: `content`, fitted on every closed cut-off, is what scores; `evaluated`, fitted only on
    what was known at the held-out cut-off, is what `evaluation` measures and a later gate can judge again.
    """

    content: bytes
    evaluated: bytes
    evaluation: dict[str, Any]
    held_out: pl.DataFrame
    trees: int
    features: tuple[str, ...]
    suspicious: dict[str, str]
    count_rows: int
    mean_outcome: float


@dataclass(frozen=True)
class _Rows:
    """The population's rows and how to cut them."""

    frame: pl.DataFrame
    features: list[str]
    task: Task

    def at(self, days: Sequence[date]) -> pl.DataFrame:
        return self.frame.filter(pl.col("as_of_date").is_in(list(days)))

    def numbers(self, days: Sequence[date]) -> tuple[Matrix, Numbers]:
        rows = self.at(days)
        return matrix(rows, self.features), self.task.outcome(rows)


def _rarer(rows: pl.DataFrame, task: Task) -> int:
    events = next(iter(task.events(rows).values()))
    return int(min(events.sum(), (~events).sum()))


def _enough(rows: pl.DataFrame, task: Task, params: Params, horizon_days: int) -> Split:
    """The split, when there is enough to learn from and to measure on; else AlluviumError with the counts."""
    days = rows["as_of_date"].unique().sort().to_list()
    least = params.minimum
    cut = split(days, horizon_days)
    count = _rarer(rows, task) if len(rows) else 0
    held_out = rows.filter(pl.col("as_of_date") == cut.evaluation) if cut else rows.clear()
    if (
        cut
        and len(rows) >= least.rows
        and count >= least.events
        and _rarer(held_out, task) >= least.events // 4
    ):
        return cut
    raise AlluviumError(
        f"Too little to train {task.name} on: {len(rows)} rows with {count} of the rarer outcome at cut-offs "
        f"{', '.join(map(str, days)) or 'none'}; {least.rows} rows, {least.events} of each outcome and two "
        f"cut-offs {horizon_days} days apart are needed",
        where="gold.customer_features, gold.orders",
        do="Load more history, or build features at more cut-offs (DAG train_models); no model was made",
    )


def _count_trees(rows: _Rows, cut: Split, params: Params) -> int:
    if cut.stopping is None:
        return params.rounds.fallback
    return boosting.count_trees(
        params.xgboost, params.rounds, rows.numbers(cut.fitting), rows.numbers([cut.stopping])
    )


def make(data: TrainingSet, task: Task, params: Params, horizon_days: int) -> Candidate:
    """Fit and measure a candidate; raises AlluviumError when there is too little data."""
    everybody = data.frame
    active = population.active(everybody, params.active_days)
    cut = _enough(active, task, params, horizon_days)
    flagged = leaks.suspicious(active, data.features, task.events(active), params.leaks)
    rows = _Rows(active, without(data.features, flagged), task)
    trees = _count_trees(rows, cut, params)

    def fitted(days: Sequence[date]) -> tuple[bytes, Any]:
        known = everybody.filter(pl.col("as_of_date").is_in(list(days)))
        manifest = Manifest(
            model=task.name,
            horizon_days=horizon_days,
            active_days=params.active_days,
            features=tuple(rows.features),
            labels_end=outcome_end(max(days), horizon_days),
            priors=population.priors(known, task.outcome(known), params.active_days),
        )
        booster = boosting.fit(params.xgboost, trees, *rows.numbers(days))
        return boosting.to_bytes(booster, manifest), booster

    evaluated, booster = fitted(cut.known)
    content, final = fitted(data.cutoffs)
    held_out = rows.at([cut.evaluation])
    predictions = {"model": boosting.predict(booster, matrix(held_out, rows.features))}
    predictions |= task.baselines(rows.at(cut.known), held_out, horizon_days)
    outcome = task.outcome(active)
    return Candidate(
        content=content,
        evaluated=evaluated,
        evaluation=evaluate(task, task.outcome(held_out), predictions)
        | {
            "evaluated_on": cut.evaluation.isoformat(),
            "importance": boosting.importance(final, rows.features),
        },
        held_out=held_out,
        trees=trees,
        features=tuple(rows.features),
        suspicious=flagged,
        count_rows=len(active),
        mean_outcome=float(outcome.mean()),
    )


def evaluate(task: Task, outcome: Numbers, predictions: dict[str, Numbers]) -> dict[str, Any]:
    """Figures of the model and of the baselines beside it, and the curves of all of them."""
    measured = {name: task.figures(outcome, predicted) for name, predicted in predictions.items()}
    return {
        "count_customers": len(outcome),
        "mean_outcome": float(outcome.mean()),
        "figures": measured.pop("model"),
        "baselines": measured,
        "curves": {
            "calibration": {name: figures.calibration(outcome, p) for name, p in predictions.items()},
            "lift": {name: figures.lift(outcome, p) for name, p in predictions.items()},
        },
    }
