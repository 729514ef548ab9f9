"""Search a model's parameters on past cut-offs, in the order of time.

Each fold learns from cut-offs whose outcomes were over and is measured on a later one. The cut-off that
training reports on takes no part: nothing is chosen where it is measured. The night searches nothing; this is
for whoever looks after a model, and its result is a change of params.yml that somebody reviews.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.common import boosting, candidate, cutoffs
from models.common.boosting import Numbers
from models.common.candidate import Work
from models.common.cutoffs import Split
from models.common.params import Params, Range

if TYPE_CHECKING:
    from optuna import Trial as Draw

SEED = 20170101


@dataclass(frozen=True, eq=False)
class Trial:
    """One setting: what it lost on every row of every fold, and how many leaves it may use."""

    parameters: Mapping[str, Any]
    losses: Numbers
    folds: tuple[float, ...]
    figures: tuple[float, ...]  # the headline figure of each fold
    leaves: int

    @property
    def loss(self) -> float:
        """Mean over folds."""
        return float(np.mean(self.folds))


@dataclass(frozen=True, eq=False)
class Search:
    """All trials in the order they were tried; the first is what params.yml says now."""

    trials: Sequence[Trial]
    days: tuple[date, ...]  # of the folds
    customer: NDArray[np.int64]  # whose each loss is
    baselines: Mapping[str, tuple[float, ...]]  # the headline figure of each fold

    @property
    def best(self) -> Trial:
        """The smallest loss."""
        return min(self.trials, key=lambda trial: trial.loss)

    def excess(self, trial: Trial) -> tuple[float, float]:
        """How much more a trial loses than the best one, and the standard error of that, by customer."""
        difference = trial.losses - self.best.losses
        mean = float(difference.mean())
        mine = np.bincount(self.customer, weights=difference - mean)
        return mean, float(np.sqrt((mine**2).sum()) / len(difference))

    @property
    def chosen(self) -> Trial:
        """The simplest whose loss is within one standard error of the best (Breiman et al. 1984, "CART").

        The error is that of the paired difference: customers differ far more from each other than settings
        do on one customer.
        """
        near = [trial for trial in self.trials if self.excess(trial)[0] <= self.excess(trial)[1]]
        return min(near or [self.best], key=lambda trial: (trial.leaves, trial.loss))


def _losses(work: Work, outcome: Numbers, predicted: Numbers) -> Numbers:
    """Absolute errors of money, squared errors of probabilities (Brier)."""
    return np.abs(outcome - predicted) if work.task.is_money else (outcome - predicted) ** 2


@dataclass(frozen=True)
class Fold:
    """Learn from `fitting`, stop on `stopping`, learn again from both, measure on `evaluation`."""

    work: Work
    split: Split

    def measure(self, parameters: Mapping[str, Any]) -> tuple[Numbers, float, int]:
        """The loss of each row of the fold, its headline figure, and the trees that were fitted."""
        assert self.split.stopping is not None
        stopping = self.work.numbers([self.split.stopping])
        trees, _ = boosting.count_trees(
            parameters, self.work.params.rounds, self.work.numbers(self.split.fitting), stopping
        )
        booster = boosting.fit(parameters, trees, *self.work.numbers(self.split.known))
        values, outcome = self.work.numbers([self.split.evaluation])
        predicted = boosting.predict(booster, values)
        return _losses(self.work, outcome, predicted), self.work.task.quick(outcome, predicted), trees

    def baselines(self) -> dict[str, float]:
        """The headline figure of the simple rules, which know as much."""
        work = self.work
        known, held_out = (
            candidate.at(work.population, d) for d in (self.split.known, [self.split.evaluation])
        )
        said = work.task.baselines(known, held_out, work.horizon_days)
        return {
            name: work.task.quick(work.task.outcome(held_out), predicted) for name, predicted in said.items()
        }


def folds(work: Work, known: Sequence[date]) -> list[Fold]:
    """Every known cut-off that has earlier ones to learn from and to stop on, oldest first."""
    splits = [cutoffs.split(known[: n + 1], work.horizon_days) for n in range(len(known))]
    return [Fold(work, split) for split in splits if split and split.stopping]


def _tried(folds: Sequence[Fold], parameters: Mapping[str, Any]) -> Trial:
    measured = [fold.measure(parameters) for fold in folds]
    trees = float(np.mean([count for _, _, count in measured]))
    return Trial(
        parameters=parameters,
        losses=np.concatenate([losses for losses, _, _ in measured]),
        folds=tuple(float(losses.mean()) for losses, _, _ in measured),
        figures=tuple(figure for _, figure, _ in measured),
        leaves=round(trees * 2 ** int(parameters.get("max_depth", 6))),
    )


def _drawn(space: Mapping[str, Range], draw: Draw) -> dict[str, Any]:
    return {
        name: draw.suggest_int(name, int(given.low), int(given.high), log=given.is_log)
        if given.is_whole
        else draw.suggest_float(name, given.low, given.high, log=given.is_log)
        for name, given in space.items()
    }


def _customers(work: Work, days: Sequence[date]) -> NDArray[np.int64]:
    """Whose rows the folds of these days measure, in their order, as numbers."""
    ids = np.concatenate([candidate.at(work.population, [day])["customer_id"].to_numpy() for day in days])
    return np.unique(ids.astype(str), return_inverse=True)[1]


def search(
    work: Work,
    known: Sequence[date],
    params: Params,
    trials: int,
    seconds: float | None = None,
    told: Callable[[Trial], None] = lambda _: None,
) -> Search:
    """Try the given parameters, then `trials` others that a Bayesian search (Optuna's TPE) proposes.

    No new trial begins after `seconds`. `told` hears of each one. The same rows, parameters and number of
    trials give the same search; a time limit may cut it at another place.

    Raises TooLittleError when no cut-off has two earlier ones to learn from.
    """
    import optuna

    measured = folds(work, known)
    if not measured:
        raise candidate.TooLittleError(
            f"Nothing to search on: of {len(known)} cut-offs none has two earlier ones",
            where="gold.customer_features",
            do="Load more history, or build features at more cut-offs (DAG train_models)",
        )
    made: list[Trial] = []

    def loss(draw: Draw) -> float:
        made.append(_tried(measured, {**params.xgboost, **_drawn(params.search, draw)}))
        told(made[-1])
        return made[-1].loss

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=SEED))
    study.enqueue_trial({name: params.xgboost[name] for name in params.search})
    study.optimize(loss, n_trials=trials + 1, timeout=seconds)
    days = tuple(fold.split.evaluation for fold in measured)
    simple = [fold.baselines() for fold in measured]
    baselines = {name: tuple(each[name] for each in simple) for name in simple[0]}
    return Search(made, days, _customers(work, days), baselines)
