"""Make a candidate from a training set: count trees, fit, measure on the held-out cut-off, fit on all.

Pure: rows in, boosters and figures out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from alluvium.errors import AlluviumError
from models.common import boosting, figures, leaks, population
from models.common.boosting import Manifest, Numbers
from models.common.cutoffs import Split, outcome_end, split
from models.common.features import Matrix, matrix, without
from models.common.params import Params
from models.common.task import Task
from models.common.training_sets import TrainingSet

if TYPE_CHECKING:
    from xgboost import Booster


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
class _Work:
    """The rows to learn from: `everybody`, and the population among them; and what to do with them."""

    everybody: pl.DataFrame
    population: pl.DataFrame
    features: tuple[str, ...]
    task: Task
    params: Params
    horizon_days: int

    def numbers(self, days: Sequence[date]) -> tuple[Matrix, Numbers]:
        rows = _at(self.population, days)
        return matrix(rows, self.features), self.task.outcome(rows)

    def manifest(self, days: Sequence[date]) -> Manifest:
        known = _at(self.everybody, days)
        return Manifest(
            model=self.task.name,
            horizon_days=self.horizon_days,
            active_days=self.params.active_days,
            features=self.features,
            labels_end=outcome_end(max(days), self.horizon_days),
            priors=population.priors(known, self.task.outcome(known), self.params.active_days),
        )


def _at(rows: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    return rows.filter(pl.col("as_of_date").is_in(list(days)))


def _rarer(rows: pl.DataFrame, task: Task) -> int:
    if rows.is_empty():
        return 0
    events = next(iter(task.events(rows).values()))
    return int(min(events.sum(), (~events).sum()))


def _enough(rows: pl.DataFrame, task: Task, params: Params, horizon_days: int) -> Split:
    """The split, when there is enough to learn from and to measure on; else AlluviumError with the counts."""
    days = rows["as_of_date"].unique().sort().to_list()
    least, count = params.minimum, _rarer(rows, task)
    cut = split(days, horizon_days)
    count_held_out = _rarer(_at(rows, [cut.evaluation]), task) if cut else 0
    if cut and len(rows) >= least.rows and count >= least.events and count_held_out >= least.events // 4:
        return cut
    raise AlluviumError(
        f"Too little to train {task.name} on: {len(rows)} rows with {count} of the rarer outcome at cut-offs "
        f"{', '.join(map(str, days)) or 'none'}; {least.rows} rows, {least.events} of each outcome and two "
        f"cut-offs {horizon_days} days apart are needed",
        where="gold.customer_features, gold.orders",
        do="Load more history, or build features at more cut-offs (DAG train_models); no model was made",
    )


def _count_trees(work: _Work, cut: Split) -> int:
    if cut.stopping is None:
        return work.params.rounds.fallback
    later = work.numbers([cut.stopping])
    return boosting.count_trees(work.params.xgboost, work.params.rounds, work.numbers(cut.fitting), later)


def _measure(work: _Work, cut: Split, booster: Booster) -> dict[str, Any]:
    """The held-out cut-off, by the booster and by baselines that know no more than it does."""
    values, outcome = work.numbers([cut.evaluation])
    known, held_out = _at(work.population, cut.known), _at(work.population, [cut.evaluation])
    predictions = {"model": boosting.predict(booster, values)}
    predictions |= work.task.baselines(known, held_out, work.horizon_days)
    return evaluate(work.task, outcome, predictions) | {"evaluated_on": cut.evaluation.isoformat()}


def make(data: TrainingSet, task: Task, params: Params, horizon_days: int) -> Candidate:
    """Fit and measure a candidate; raises AlluviumError when there is too little data."""
    active = population.active(data.frame, params.active_days)
    cut = _enough(active, task, params, horizon_days)
    flagged = leaks.suspicious(active, data.features, task.events(active), params.leaks)
    features = tuple(without(data.features, flagged))
    work = _Work(data.frame, active, features, task, params, horizon_days)
    trees = _count_trees(work, cut)
    closed = data.cutoffs
    measured = boosting.fit(params.xgboost, trees, *work.numbers(cut.known))
    scoring = boosting.fit(params.xgboost, trees, *work.numbers(closed))
    content = boosting.to_bytes(scoring, work.manifest(closed))
    return Candidate(
        content=content,
        evaluated=boosting.to_bytes(measured, work.manifest(cut.known)),
        evaluation=_measure(work, cut, measured) | {"importance": boosting.importance(scoring, features)},
        held_out=_at(active, [cut.evaluation]),
        trees=trees,
        features=features,
        suspicious=flagged,
        count_rows=len(active),
        mean_outcome=float(task.outcome(active).mean()),
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
