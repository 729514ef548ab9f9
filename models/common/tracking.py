"""Log a candidate in MLflow and register it as a version."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from alluvium import mlflow_door
from alluvium.settings import Settings
from models.common import charts
from models.common.boosting import from_bytes
from models.common.candidate import Candidate
from models.common.params import Params
from models.common.registry import EVALUATED, EVALUATION

if TYPE_CHECKING:
    from mlflow import MlflowClient


def _log_run(opened: MlflowClient, run_id: str, name: str, candidate: Candidate, params: Params) -> None:
    opened.log_dict(run_id, candidate.evaluation, EVALUATION)
    opened.log_dict(run_id, params.model_dump(mode="json"), "params.json")
    for chart, drawing in charts.draw(name, candidate.evaluation["curves"]).items():
        opened.log_text(run_id, drawing, f"charts/{chart}.svg")
    with TemporaryDirectory() as folder:
        path = Path(folder) / EVALUATED
        path.write_bytes(candidate.evaluated)
        opened.log_artifact(run_id, str(path))


def _log_numbers(run_id: str, candidate: Candidate, params: Params) -> None:
    import mlflow

    mlflow.log_params(
        {**params.xgboost, "trees": candidate.trees, "count_features": len(candidate.features)}, run_id=run_id
    )
    measured = candidate.evaluation["figures"] | {"baseline": candidate.evaluation["baselines"]}
    mlflow.log_metrics(mlflow_door.flat(measured), run_id=run_id)


def _log_model(candidate: Candidate) -> Any:
    import mlflow.xgboost
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    booster, _ = from_bytes(candidate.content)
    return mlflow.xgboost.log_model(
        booster,
        name="model",
        model_format="ubj",
        signature=ModelSignature(inputs=Schema([ColSpec("double", name) for name in candidate.features])),
        pip_requirements=["xgboost", "numpy", "scipy"],
    )


def register(
    settings: Settings,
    name: str,
    run_date: date,
    candidate: Candidate,
    params: Params,
    tags: Mapping[str, str],
) -> str:
    """Log the candidate and register it under the name; returns the number of its version."""
    opened = mlflow_door.client(settings)
    import mlflow
    from mlflow.exceptions import MlflowException

    mlflow.set_tracking_uri(mlflow_door.tracking_uri(settings))
    experiment = mlflow_door.experiment_id(opened, settings, name)
    noted = {
        **tags,
        "run_date": run_date.isoformat(),
        "sha256_evaluated": sha256(candidate.evaluated).hexdigest(),
    }
    with mlflow.start_run(experiment_id=experiment, run_name=f"{name} {run_date}", tags=noted) as run:
        run_id = run.info.run_id
        _log_numbers(run_id, candidate, params)
        _log_run(opened, run_id, name, candidate, params)
        logged = _log_model(candidate)
    file = mlflow_door.local_path(
        f"{opened.get_logged_model(logged.model_id).artifact_location}/model.ubj", settings
    )
    noted["sha256"] = sha256(file.read_bytes()).hexdigest()
    with suppress(MlflowException):
        opened.create_registered_model(name)
    made = opened.create_model_version(
        name, source=logged.model_uri, run_id=run_id, tags=noted, model_id=logged.model_id
    )
    return str(made.version)
