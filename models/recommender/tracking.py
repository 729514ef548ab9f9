"""What MLflow keeps of the race: one run per race with the figures as JSON, one child per model.

The winner of each placement is the registered model `recommender_<placement>` with the alias `champion`.

A champion is a model's name and its parameters, not a fitted model: the night fits it on all days so far.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alluvium.errors import AlluviumError
from alluvium.settings import Settings, get_settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "recommender"
CHAMPION = "champion"
RESULTS_FILE = "race.json"


@dataclass(frozen=True)
class Champion:
    """The model that the night scores for one placement."""

    placement: str
    model: str
    params: dict[str, Any]
    version: str


def client(settings: Settings) -> MlflowClient:
    """A client of the tracking database under `settings.mlflow`, which it makes when it is missing."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow import MlflowClient

    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    settings.mlflow.mkdir(parents=True, exist_ok=True)
    database = f"sqlite:///{settings.mlflow / 'mlflow.db'}"
    return MlflowClient(tracking_uri=database, registry_uri=database)


def registered_name(placement: str) -> str:
    """The name in MLflow's registry."""
    return f"recommender_{placement}"


def _experiment_id(mlflow: MlflowClient, settings: Settings) -> str:
    experiment = mlflow.get_experiment_by_name(EXPERIMENT)
    if experiment:
        return str(experiment.experiment_id)
    return str(
        mlflow.create_experiment(EXPERIMENT, artifact_location=(settings.mlflow / "artifacts").as_uri())
    )


def _log_model_run(
    mlflow: MlflowClient, parent: Any, name: str, figures: dict[str, Any], params: dict[str, Any]
) -> str:
    from mlflow.entities import Metric, Param

    tags = {"mlflow.parentRunId": parent.info.run_id}
    run = mlflow.create_run(parent.info.experiment_id, run_name=name, tags=tags)
    metrics = [
        Metric(f"{window}_{measure}", float(value), run.info.start_time, 0)
        for window, measures in figures.items()
        for measure, value in measures.items()
        if value is not None
    ]
    mlflow.log_batch(
        run.info.run_id, metrics=metrics, params=[Param(k, str(v)) for k, v in sorted(params.items())]
    )
    mlflow.set_terminated(run.info.run_id)
    return str(run.info.run_id)


def _crown(mlflow: MlflowClient, placement: str, source: str, run_id: str, tags: dict[str, str]) -> str:
    name = registered_name(placement)
    if not mlflow.search_registered_models(filter_string=f"name = '{name}'"):
        mlflow.create_registered_model(name)
    version = str(mlflow.create_model_version(name, source=source, run_id=run_id, tags=tags).version)
    mlflow.set_registered_model_alias(name, CHAMPION, version)
    return version


def log_race(
    results: dict[str, Any],
    model_params: dict[str, dict[str, Any]],
    run_date: date,
    settings: Settings,
    notes: dict[str, str],
) -> dict[str, str]:
    """Log a race and crown its winners. Returns the new version of each placement.

    `model_params` is the parameters of each model by placement; `notes` go to the race's run as parameters.
    """
    from mlflow.entities import Param

    mlflow = client(settings)
    race = mlflow.create_run(_experiment_id(mlflow, settings), run_name=f"race {run_date}")
    mlflow.log_batch(race.info.run_id, params=[Param(key, value) for key, value in sorted(notes.items())])
    mlflow.log_dict(race.info.run_id, {"run_date": str(run_date), **results}, RESULTS_FILE)
    versions = {}
    for placement, result in results["placements"].items():
        runs = {}
        for model, params in model_params[placement].items():
            figures = {
                window: result[window][model] for window in ("validation", "test") if model in result[window]
            }
            runs[model] = _log_model_run(mlflow, race, f"{placement} {model}", figures, params)
        champion = result["champion"]
        tags = {"model": champion["model"], "params": json.dumps(champion["params"], sort_keys=True)}
        tags |= {"run_date": str(run_date), "race_run_id": race.info.run_id}
        versions[placement] = _crown(mlflow, placement, race.info.artifact_uri, runs[champion["model"]], tags)
    mlflow.set_terminated(race.info.run_id)
    return versions


def _version(mlflow: MlflowClient, placement: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return mlflow.get_model_version_by_alias(registered_name(placement), CHAMPION)
    except MlflowException:
        return None


def champion(placement: str, settings: Settings) -> Champion:
    """The champion of a placement. Raises AlluviumError when no race was run yet."""
    version = _version(client(settings), placement)
    if version is None:
        raise AlluviumError(
            f"No model was chosen yet for the placement {placement}",
            where=str(settings.mlflow / "mlflow.db"),
            do="Run `alluvium job recommender.train --run-date <last day of data>` first",
        )
    return Champion(
        placement, version.tags["model"], json.loads(version.tags["params"]), str(version.version)
    )


def race_results(settings: Settings | None = None) -> dict[str, Any]:
    """The figures of the race that crowned the present champions; empty before the first race.

    Keys: run_date, decided_by, windows, placements -> {champion, baseline, validation, test}.
    """
    settings = settings or get_settings()
    if not (settings.mlflow / "mlflow.db").exists():
        return {}
    mlflow = client(settings)
    found = mlflow.search_registered_models(filter_string="name LIKE 'recommender_%'")
    races = {
        v.tags["race_run_id"]: v
        for m in found
        if (v := _version(mlflow, m.name.removeprefix("recommender_")))
    }
    if not races:
        return {}
    newest = max(races, key=lambda run_id: mlflow.get_run(run_id).info.start_time)
    return dict(json.loads(Path(mlflow.download_artifacts(newest, RESULTS_FILE)).read_text()))
