"""What MLflow keeps of the race: one run per race with the figures as JSON, one child per model.

The winner of each placement is the registered model `recommender_<placement>` with the alias `champion`.
A champion is a model's name and its parameters, not a fitted model: the night fits it on all days so far.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from alluvium import mlflow_door
from alluvium.errors import AlluviumError
from alluvium.settings import Settings, get_settings
from models.common import registry
from models.recommender import params

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

EXPERIMENT = "recommender"
RESULTS_FILE = "race.json"
TRAINED_FILE = "model.ubj"  # The name that models.common.registry reads and checks.
WINDOWS = ("validation", "test")


@dataclass(frozen=True)
class Champion:
    """The model that the night scores for one placement."""

    placement: str
    model: str
    params: dict[str, Any]
    version: str
    trained: bytes | None = None  # what the model learned at the race, if it learns ahead


def registered_name(placement: str) -> str:
    """The name in MLflow's registry."""
    return f"recommender_{placement}"


def _log_model_run(
    opened: MlflowClient, race: Run, name: str, figures: Mapping[str, Any], parameters: Mapping[str, Any]
) -> str:
    from mlflow.entities import Metric, Param

    tags = {"mlflow.parentRunId": race.info.run_id}
    run = opened.create_run(race.info.experiment_id, run_name=name, tags=tags)
    metrics = [
        Metric(f"{window}.{measure}", float(value), run.info.start_time, 0)
        for window, measures in figures.items()
        for measure, value in measures.items()
        if value is not None
    ]
    noted = [Param(key, str(value)) for key, value in sorted(parameters.items())]
    opened.log_batch(run.info.run_id, metrics=metrics, params=noted)
    opened.set_terminated(run.info.run_id)
    return str(run.info.run_id)


def _crown(settings: Settings, name: str, source: str, run_id: str, tags: dict[str, str], reason: str) -> str:
    from mlflow.exceptions import MlflowException

    opened = mlflow_door.client(settings)
    with suppress(MlflowException):  # It is there from the second race on.
        opened.create_registered_model(name)
    made = opened.create_model_version(name, source=source, run_id=run_id, tags=tags)
    registry.promote(settings, name, str(made.version), reason)
    return str(made.version)


def _keep(opened: MlflowClient, race: Run, placement: str, trained: bytes) -> dict[str, str]:
    """Log what the champion learned where `registry.content` looks for it; returns its hash as a tag."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / TRAINED_FILE
        file.write_bytes(trained)
        opened.log_artifact(race.info.run_id, str(file), placement)
    return {"sha256": sha256(trained).hexdigest()}


def _log_placement(
    settings: Settings, race: Run, placement: str, result: Mapping[str, Any], trained: bytes | None
) -> str:
    """One run per model, and a new version of the placement for the winner; returns its number."""
    opened = mlflow_door.client(settings)
    runs = {}
    for model, parameters in result["models"].items():
        figures = {window: result[window][model] for window in WINDOWS if model in result[window]}
        runs[model] = _log_model_run(opened, race, f"{placement} {model}", figures, parameters)
    winner = result["champion"]
    tags = {
        "model": winner,
        "params": json.dumps(result["models"][winner], sort_keys=True),
        "run_date": race.data.tags["run_date"],
        "race_run_id": race.info.run_id,
        **(_keep(opened, race, placement, trained) if trained is not None else {}),
    }
    source, reason = f"{race.info.artifact_uri}/{placement}", "won the race"
    return _crown(settings, registered_name(placement), source, runs[winner], tags, reason)


def log_race(
    results: Mapping[str, Any],
    run_date: date,
    settings: Settings,
    notes: Mapping[str, str],
    trained: Mapping[str, bytes | None] | None = None,
) -> dict[str, str]:
    """Log a race and crown its winners; returns the new version of each placement.

    `notes`, such as the versions of the tables, become parameters of the race's run. `trained` is what the
    winner of a placement learned from all days, if it learns ahead.
    """
    from mlflow.entities import Param

    opened = mlflow_door.client(settings)
    experiment = mlflow_door.experiment_id(opened, settings, EXPERIMENT)
    tags = {"run_date": run_date.isoformat()}
    race = opened.create_run(experiment, run_name=f"race {run_date}", tags=tags)
    opened.log_batch(race.info.run_id, params=[Param(key, value) for key, value in sorted(notes.items())])
    opened.log_dict(race.info.run_id, {"run_date": run_date.isoformat(), **results}, RESULTS_FILE)
    versions = {
        placement: _log_placement(settings, race, placement, result, (trained or {}).get(placement))
        for placement, result in results["placements"].items()
    }
    opened.set_terminated(race.info.run_id)
    return versions


def champion(placement: str, settings: Settings) -> Champion:
    """The champion of a placement. Raises AlluviumError when no race was run yet."""
    version = registry.with_alias(settings, registered_name(placement))
    if version is None:
        raise AlluviumError(
            f"No model was chosen yet for the placement {placement}",
            where=str(settings.mlflow),
            do="Run `alluvium job recommender.train --run-date <last day of data>` first",
        )
    trained = registry.content(settings, version) if "sha256" in version.tags else None
    parameters = json.loads(version.tags["params"])
    return Champion(placement, version.tags["model"], parameters, version.number, trained)


def incumbents(settings: Settings) -> dict[str, str]:
    """The model of each placement's present champion, by placement; without those that never had one."""
    names = [placement.name for placement in params.load_all()]
    found = {name: registry.with_alias(settings, registered_name(name)) for name in names}
    return {name: version.tags["model"] for name, version in found.items() if version}


def race_results(settings: Settings | None = None) -> dict[str, Any]:
    """Figures of the race that crowned the present champions; empty before the first race.

    Keys: run_date, decided_by, k, windows (validation and test: first_day, end), placements (name to
    champion, baseline, incumbent, description, models, validation and test: model to figures, shown: the
    champion's figures on the test window after the rules, and what they cost).
    """
    settings = settings or get_settings()
    if not (settings.mlflow / "mlflow.db").exists():
        return {}
    names = [registered_name(placement.name) for placement in params.load_all()]
    crowned = [found for name in names if (found := registry.with_alias(settings, name))]
    if not crowned:
        return {}
    newest = max(crowned, key=lambda version: version.tags["run_date"])
    race = mlflow_door.client(settings).get_run(newest.tags["race_run_id"])
    path = mlflow_door.local_path(f"{race.info.artifact_uri}/{RESULTS_FILE}", settings)
    return dict(json.loads(path.read_text(encoding="utf-8")))
