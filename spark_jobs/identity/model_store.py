"""Where match models are kept: one run of the MLflow experiment `identity` for each that was estimated.

The artefact holds weights, and frequencies by keyed hash: no name can be read from it. A night reads the file
by its place and imports MLflow only where the store is not a folder of this machine.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from alluvium import mlflow_door
from alluvium.errors import AlluviumError
from alluvium.settings import Settings
from spark_jobs.identity import named
from spark_jobs.identity.model import Model

EXPERIMENT, FILE = "identity", "match_model.json"
ANEW = "`alluvium job identity.resolve --run-date <night> --option estimate=true` estimates a new one"


def save(settings: Settings, model: Model, run_date: date) -> str:
    """Keep a model; returns the id of its MLflow run."""
    opened = mlflow_door.client(settings)
    experiment = mlflow_door.experiment_id(opened, settings, EXPERIMENT)
    tags = {"run_date": run_date.isoformat(), "model_version": model.version}
    run = opened.create_run(experiment, run_name=f"{EXPERIMENT} {run_date}", tags=tags)
    run_id = str(run.info.run_id)
    figures = {"prior": model.weights.prior, "prior_related": model.weights.prior_related}
    for name, value in {**figures, "records": model.records}.items():
        opened.log_metric(run_id, name, value)
    opened.log_param(run_id, "has_families", model.has_families)
    with TemporaryDirectory() as folder:
        file = Path(folder) / FILE
        file.write_text(model.to_json(), encoding="utf-8")
        opened.log_artifact(run_id, str(file))
    opened.set_terminated(run_id)
    return run_id


def _text(settings: Settings, run_id: str) -> str:
    near = settings.mlflow / "artifacts" / EXPERIMENT / run_id / "artifacts" / FILE
    return (near if near.is_file() else _elsewhere(settings, run_id)).read_text(encoding="utf-8")


def _elsewhere(settings: Settings, run_id: str) -> Path:
    """Where the artefact lies by what MLflow says; raises OSError when that is unknown."""
    from mlflow.exceptions import MlflowException

    try:
        uri = mlflow_door.client(settings).get_run(run_id).info.artifact_uri
        return mlflow_door.local_path(f"{uri}/{FILE}", settings)
    except MlflowException:
        raise FileNotFoundError(run_id) from None


def load(settings: Settings, run_id: str, version: str) -> Model:
    """The model of an MLflow run. Raises AlluviumError when it is missing or was changed."""
    try:
        model = Model.from_json(_text(settings, run_id))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AlluviumError(
            f"The match model {version} cannot be read ({type(error).__name__})",
            where=f"MLflow run {run_id} of the experiment {EXPERIMENT}",
            do=f"Restore {settings.mlflow}, or {ANEW}",
        ) from None
    if model.version != version:
        raise AlluviumError(
            f"The match model was changed: it is {model.version} and was {version}",
            where=f"MLflow run {run_id} of the experiment {EXPERIMENT}",
            do=f"Restore {settings.mlflow}, or {ANEW}",
        )
    return model


def frozen(settings: Settings, runs: pl.DataFrame) -> tuple[Model, str] | None:
    """The model of the newest run of identity.runs with the MLflow run that holds it.

    None when there is none yet, or when it was made for other fields than those compared today, or by a
    release that froze less.
    """
    if "model_run_id" not in runs.columns:  # written by an earlier release
        return None
    known = runs.filter(pl.col("model_run_id").is_not_null()).sort("finished_at")
    if known.is_empty():
        return None
    run_id, version = known.select("model_run_id", "model_version").row(-1)
    held = json.loads(known["model"][-1])
    if held["levels"] != named.levels() or "clusters" not in held:
        return None
    return load(settings, run_id, version), run_id
