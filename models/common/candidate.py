"""Make a candidate from a training set: tune on a later cut-off, measure on the held-out one, fit on all.

Pure: rows in, boosters and figures out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from alluvium.errors import AlluviumError
from models.common import (
    base_rate,
    boosting,
    drift,
    evaluation,
    intervals,
    leak_families,
    leaks,
    population,
    reasons,
    speaking,
)
from models.common.boosting import Manifest, Numbers
from models.common.btyd import customers
from models.common.cutoffs import Split, outcome_end, split
from models.common.features import Matrix, matrix, without
from models.common.params import Params
from models.common.task import Task
from models.common.training_sets import TrainingSet
from models.common.watching import PREDICTION

if TYPE_CHECKING:
    from xgboost import Booster


class TooLittleError(AlluviumError):
    """There is not enough to learn from or to measure on; no model was made."""


@dataclass(frozen=True)
class Candidate:
    """Two boosters: `content`, fitted on every closed cut-off, is what scores; `evaluated`, fitted only on
    what was known at the held-out cut-off, is what `evaluation` measures and a later gate can judge again.
    `predicted` is what that one says of the rows of `held_out`.
    """

    content: bytes
    evaluated: bytes
    evaluation: dict[str, Any]
    held_out: pl.DataFrame
    predicted: Numbers
    trees: int
    features: tuple[str, ...]
    suspicious: dict[str, str]
    count_rows: int
    mean_outcome: float


@dataclass(frozen=True)
class _Tuned:
    """What the later cut-off decided: the number of trees, the weights of the blend, the interval."""

    trees: int
    weights: Mapping[str, float] = field(default_factory=lambda: {speaking.TREES: 1.0})
    interval: dict[str, list[float]] | None = None


@dataclass(frozen=True)
class Work:
    """The rows to learn from: `everybody`, and the population among them; and what to do with them."""

    everybody: pl.DataFrame
    population: pl.DataFrame
    features: tuple[str, ...]
    task: Task
    params: Params
    horizon_days: int

    def numbers(self, days: Sequence[date]) -> tuple[Matrix, Numbers]:
        rows = at(self.population, days)
        return matrix(rows, self.features), self.task.outcome(rows)

    def value_model(self, day: date) -> dict[str, Any] | None:
        """BG/NBD and Gamma-Gamma at a closed cut-off, brought to what that window's totals were."""
        if not self.task.is_money or not set(customers.NEEDED) <= set(self.everybody.columns):
            return None
        rows = at(self.population, [day])
        with suppress(ValueError):
            model = customers.fit(speaking.of_frame(at(self.everybody, [day])))
            column = speaking.of_frame(rows)
            orders = float(customers.expected_orders(model, column, self.horizon_days).sum())
            money = float(customers.expected_spend(model, column, self.horizon_days).sum())
            factors = float(rows["outcome_orders"].sum()) / orders, self.task.outcome(rows).sum() / money
            return replace(model, orders_factor=factors[0], money_factor=float(factors[1])).to_dict()
        return None

    def manifest(self, days: Sequence[date], tuned: _Tuned) -> Manifest:
        known = at(self.everybody, days)
        return Manifest(
            model=self.task.name,
            horizon_days=self.horizon_days,
            active_days=self.params.active_days,
            features=self.features,
            labels_end=outcome_end(max(days), self.horizon_days),
            priors=population.priors(known, self.task.outcome(known), self.params.active_days),
            weights=tuned.weights,
            value=self.value_model(max(days)),
            base_rate=base_rate.fit(
                at(self.population, days), self.task.outcome(at(self.population, days)), self.params.base_rate
            ),
            interval=tuned.interval,
            words=reasons.words(self.features),
            reference=drift.reference(at(self.population, days), self.features),
        )


def at(rows: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """The rows of these cut-offs."""
    return rows.filter(pl.col("as_of_date").is_in(list(days)))


def _rarer(rows: pl.DataFrame, task: Task) -> int:
    """Rows of the rarer outcome; of money, rows with any: that nearly everybody buys takes nothing away."""
    if rows.is_empty():
        return 0
    if task.is_money:
        return int((task.outcome(rows) > 0).sum())
    events = next(iter(task.events(rows).values()))
    return int(min(events.sum(), (~events).sum()))


def _counted(task: Task) -> str:
    return "who bought" if task.is_money else "of the rarer outcome"


def _enough(rows: pl.DataFrame, task: Task, params: Params, horizon_days: int) -> Split:
    """The split, when there is enough to learn from and to measure on; else TooLittleError."""
    days = rows["as_of_date"].unique().sort().to_list()
    least, count = params.minimum, _rarer(rows, task)
    cut, least_held_out = split(days, horizon_days), least.events // 4
    count_held_out = _rarer(at(rows, [cut.evaluation]), task) if cut else 0
    if cut and len(rows) >= least.rows and count >= least.events and count_held_out >= least_held_out:
        return cut
    raise TooLittleError(
        f"Too little to train {task.name} on: {len(rows)} rows with {count} {_counted(task)}, "
        f"{count_held_out} of them to measure on, at cut-offs {', '.join(map(str, days)) or 'none'}; "
        f"{least.rows} rows, {least.events} {_counted(task)}, {least_held_out} of them to measure on, "
        f"and two cut-offs {horizon_days} days apart are needed",
        where="gold.customer_features, gold.orders",
        do="Load more history, or build features at more cut-offs (DAG train_models); no model was made",
    )


def _tune(work: Work, cut: Split) -> _Tuned:
    """Decide on the stopping cut-off, with trees and BG/NBD that knew nothing of it."""
    if cut.stopping is None:
        return _Tuned(work.params.rounds.fallback)
    later, rows = work.numbers([cut.stopping]), at(work.population, [cut.stopping])
    trees, predicted = boosting.count_trees(
        work.params.xgboost, work.params.rounds, work.numbers(cut.fitting), later
    )
    before = work.manifest(cut.fitting, _Tuned(trees))
    said = {speaking.TREES: predicted, **speaking.others(before, speaking.of_frame(rows))}
    weights = speaking.best_weights(said, later[1]) if len(said) > 1 else before.weights
    predicted = np.asarray(sum(weight * said[name] for name, weight in weights.items()))
    return _Tuned(trees, weights, intervals.fit(later[1], predicted, work.task.offsets))


def _measure(work: Work, cut: Split, booster: Booster, manifest: Manifest) -> tuple[dict[str, Any], Numbers]:
    """The held-out cut-off, by the booster and by baselines that know no more; and its predictions."""
    known, held_out = at(work.population, cut.known), at(work.population, [cut.evaluation])
    column = speaking.of_frame(held_out)
    manifest = base_rate.as_of(manifest, booster, column)
    predictions = {"model": speaking.speak(booster, manifest, column)}
    predictions |= work.task.baselines(known, held_out, work.horizon_days)
    found = evaluation.evaluate(work.task, work.task.outcome(held_out), predictions)
    found |= {
        "evaluated_on": cut.evaluation.isoformat(),
        "weights": dict(manifest.weights),
        "slices": evaluation.slices(work.task, held_out, predictions["model"]),
    }
    if manifest.interval:
        found["interval"] = work.task.coverage(
            work.task.outcome(held_out), predictions["model"], manifest.interval
        )
    return found, predictions["model"]


def prepared(
    data: TrainingSet, task: Task, params: Params, horizon_days: int
) -> tuple[Work, Split, dict[str, str]]:
    """What there is to learn from, how it is split, and which features know too much to be used.

    Raises TooLittleError when there is too little data.
    """
    active = population.active(data.frame, params.active_days)
    cut = _enough(active, task, params, horizon_days)
    events = task.events(active)
    flagged = leaks.suspicious(active, data.features, events, params.leaks)
    # Of the rest: one feature that tells everything would make its whole family suspicious.
    flagged |= leak_families.suspicious(active, without(data.features, flagged), events, params.leaks)
    features = tuple(without(data.features, flagged))
    return Work(data.frame, active, features, task, params, horizon_days), cut, flagged


def make(data: TrainingSet, task: Task, params: Params, horizon_days: int) -> Candidate:
    """Fit and measure a candidate; raises TooLittleError when there is too little data."""
    work, cut, flagged = prepared(data, task, params, horizon_days)
    active, features = work.population, work.features
    tuned = _tune(work, cut)
    closed = data.cutoffs
    measured = boosting.fit(params.xgboost, tuned.trees, *work.numbers(cut.known))
    scoring = boosting.fit(params.xgboost, tuned.trees, *work.numbers(closed))
    then = work.manifest(cut.known, tuned)
    found, predicted = _measure(work, cut, measured, then)
    now = work.manifest(closed, tuned)
    now = replace(
        now,
        reference={**now.reference, PREDICTION: drift.of_values([predicted])},
        error=found["figures"]["mae" if task.is_money else "brier"],
    )
    return Candidate(
        content=boosting.to_bytes(scoring, now),
        evaluated=boosting.to_bytes(measured, then),
        evaluation=found | {"importance": boosting.importance(scoring, features)},
        held_out=at(active, [cut.evaluation]),
        predicted=predicted,
        trees=tuned.trees,
        features=features,
        suspicious=flagged,
        count_rows=len(active),
        mean_outcome=float(task.outcome(active).mean()),
    )
