"""Train, judge and register: the steps that every model's train job takes.

Reads   gold.customer_features at monthly cut-offs, gold.orders, gold.customers
Writes  ml.training_sets, one row per model, horizon and run date; a version in the registry
Rerun   the same rows and parameters make no second version
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any

from alluvium import catalog
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake import ledger
from models.common import (
    base_rate,
    cutoffs,
    evaluation,
    gate,
    params,
    registry,
    speaking,
    tracking,
    training_sets,
)
from models.common import candidate as candidates
from models.common.boosting import Manifest, Numbers
from models.common.candidate import Candidate
from models.common.gate import Verdict
from models.common.params import GateRule, Params
from models.common.registry import Version
from models.common.task import Task
from models.common.training_sets import Question, TrainingSet

if TYPE_CHECKING:
    import polars as pl
    from pyspark.sql import SparkSession


log = logging.getLogger(__name__)


def question(run_date: date, chosen: Params, horizon_days: int) -> Question:
    """What the training asks of the data at its run date."""
    return Question(
        cutoffs=tuple(cutoffs.monthly(run_date, horizon_days, chosen.cutoffs)),
        horizon_days=horizon_days,
        run_date=run_date,
        excluded=chosen.excluded_features,
        most_rows=chosen.most_rows,
    )


def _already_made(config: JobConfig, name: str, fingerprint: str) -> Version | None:
    """The version of the same rows and parameters, if its file is sound and somebody is champion."""
    if registry.with_alias(config.settings, name) is None:
        return None
    for version in registry.versions(config.settings, name):
        if version.tags.get("fingerprint") == fingerprint:
            with suppress(AlluviumError):
                registry.load(config.settings, version)
                return version
    return None


def _can_judge(manifest: Manifest, held_out: pl.DataFrame) -> bool:
    """Whether a booster saw none of the held-out outcomes, and finds its columns."""
    did_not_see = manifest.labels_end <= held_out["as_of_date"][0]
    return did_not_see and speaking.needed(manifest) <= set(held_out.columns)


def champion_predictions(config: JobConfig, name: str, made: Candidate) -> Numbers | None:
    """The champion on the candidate's held-out cut-off, by a booster that did not see it; else None."""
    if (version := registry.with_alias(config.settings, name)) is None:
        return None
    for load in (registry.load, registry.load_evaluated):
        with suppress(AlluviumError, ValueError):
            booster, manifest = load(config.settings, version)
            if _can_judge(manifest, made.held_out):
                column = speaking.of_frame(made.held_out)
                return speaking.speak(booster, base_rate.as_of(manifest, booster, column), column)
    return None


def judged(config: JobConfig, name: str, task: Task, made: Candidate, rule: GateRule) -> Verdict:
    """The candidate against the champion, on the customers of the held-out cut-off."""
    theirs = champion_predictions(config, name, made)
    if theirs is None:
        return gate.judge(made.evaluation["figures"], None, None, rule)
    outcome = task.outcome(made.held_out)
    gain = evaluation.paired_gain(task, outcome, made.predicted, theirs)
    return gate.judge(made.evaluation["figures"], task.figures(outcome, theirs), gain, rule)


def _register(
    config: JobConfig, name: str, made: Candidate, chosen: Params, verdict: Verdict, fingerprint: str
) -> str:
    tags = {
        "fingerprint": fingerprint,
        "reason": verdict.reason,
        "evaluated_on": made.evaluation["evaluated_on"],
    }
    number = tracking.register(config.settings, name, config.run_date, made, chosen, tags)
    if verdict.is_promoted:
        registry.promote(config.settings, name, number, verdict.reason)
    else:
        registry.challenge(config.settings, name, number)
    return number


def _note(
    config: JobConfig, asked: Question, data: TrainingSet, made: Candidate, task: Task, fingerprint: str
) -> None:
    row: dict[str, Any] = {
        "model": task.name,
        "horizon_days": asked.horizon_days,
        "run_date": asked.run_date,
        "cutoffs": _listed(data.cutoffs),
        "missing_cutoffs": _listed(sorted(set(asked.cutoffs) - set(data.cutoffs))),
        "evaluated_on": made.held_out["as_of_date"][0],
        "count_rows": made.count_rows,
        "mean_outcome": made.mean_outcome,
        "features": _listed(made.features),
        "suspicious_features": json.dumps(made.suspicious, sort_keys=True),
        "table_versions": json.dumps(data.versions, sort_keys=True),
        "fingerprint": fingerprint,
    }
    same = f"model = '{task.name}' AND horizon_days = {asked.horizon_days} AND run_date = '{asked.run_date}'"
    ledger.replace(catalog.ML_TRAINING_SETS, [row], same, config.settings)


def _listed(values: Iterable[object]) -> str:
    return json.dumps([str(value) for value in values])


def train_horizon(
    spark: SparkSession, config: JobConfig, task: Task, chosen: Params, horizon_days: int
) -> dict[str, int]:
    """Train one horizon; returns the version's number, whether it is champion, and the rows it saw."""
    asked = question(config.run_date, chosen, horizon_days)
    data = training_sets.build(spark, asked)
    name = registry.registered_name(task.name, horizon_days)
    fingerprint = data.fingerprint(f"{horizon_days} {chosen.model_dump_json(exclude={'search'})}")
    if (known := _already_made(config, name, fingerprint)) is not None:
        return {f"{name}_version": int(known.number), f"{name}_reused": 1}
    made = candidates.make(data, task, chosen, horizon_days)
    made.evaluation.update(model=task.name, horizon_days=horizon_days, run_date=config.run_date.isoformat())
    verdict = judged(config, name, task, made, chosen.gate)
    number = _register(config, name, made, chosen, verdict, fingerprint)
    _note(config, asked, data, made, task, fingerprint)
    return {
        f"{name}_version": int(number),
        f"{name}_promoted": int(verdict.is_promoted),
        f"{name}_rows": made.count_rows,
        f"{name}_suspicious_features": len(made.suspicious),
        f"{name}_missing_cutoffs": len(set(asked.cutoffs) - set(data.cutoffs)),
    }


def train(spark: SparkSession, config: JobConfig, task: Task) -> dict[str, int]:
    """Train every horizon of the model.

    Raises AlluviumError when a row knows the future, or when there is too little data for a model that is not
    optional; then no model is made.
    """
    chosen = params.load(task.name)
    counts: dict[str, int] = {}
    for horizon_days in chosen.horizons:
        try:
            counts |= train_horizon(spark, config, task, chosen, horizon_days)
        except candidates.TooLittleError as error:
            if not chosen.is_optional:
                raise
            log.warning("%s", error)
            counts[f"{registry.registered_name(task.name, horizon_days)}_too_little"] = 1
    return counts
