"""The one place that opens MLflow: a SQLite database and a folder of artefacts under settings.mlflow.

Importing MLflow takes seconds, so it happens here, inside functions, and only when needed.
"""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from alluvium.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

NOISY = ("mlflow", "mlflow.utils.environment", "mlflow.store.db.utils", "alembic")


def tracking_uri(settings: Settings) -> str:
    """The database, by absolute path."""
    return f"sqlite:///{settings.mlflow / 'mlflow.db'}"


def quieten() -> None:
    """No telemetry, and no log lines about tables that MLflow makes for itself."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)


@lru_cache(maxsize=4)
def _opened(uri: str) -> MlflowClient:
    quieten()
    from mlflow import MlflowClient

    quieten()  # The import sets levels of its own.
    return MlflowClient(uri, registry_uri=uri)


def client(settings: Settings) -> MlflowClient:
    """A client on this home's registry, opened once a process; makes the database when it is missing."""
    settings.mlflow.mkdir(parents=True, exist_ok=True)
    return _opened(tracking_uri(settings))


def experiment_id(opened: MlflowClient, settings: Settings, name: str) -> str:
    """The experiment of a model, made when it is missing."""
    if (found := opened.get_experiment_by_name(name)) is not None:
        return str(found.experiment_id)
    place = (settings.mlflow / "artifacts" / name).as_uri()
    return str(opened.create_experiment(name, artifact_location=place))


def local_path(uri: str, settings: Settings) -> Path:
    """Where an artefact lies on this machine; brought here first when its store is another."""
    parsed = urlparse(uri)
    if parsed.scheme in ("", "file"):
        return Path(unquote(parsed.path))
    from mlflow.artifacts import download_artifacts

    return Path(download_artifacts(artifact_uri=uri, tracking_uri=tracking_uri(settings)))


def flat(figures: dict[str, Any], prefix: str = "") -> dict[str, float]:
    """Nested figures with dotted names, as MLflow wants its metrics."""
    found: dict[str, float] = {}
    for key, value in figures.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = float(value)
    return found
