"""Registered models: versions, the aliases champion and challenger, and nothing that is not ours.

A version holds XGBoost's own format, never a pickle, and is read only when its SHA-256 is the one that was
noted when it was made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alluvium import mlflow_door
from alluvium.errors import AlluviumError
from alluvium.settings import Settings, get_settings
from models.common import boosting, params
from models.common.boosting import Manifest

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion
    from xgboost import Booster

CHAMPION, CHALLENGER = "champion", "challenger"
PREVIOUS = "previous_champion"
EVALUATED, EVALUATION = "evaluated.ubj", "evaluation.json"


@dataclass(frozen=True)
class Version:
    """One version of a registered model, such as churn_30d."""

    name: str
    number: str
    run_id: str
    artefacts: str
    aliases: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


def registered_name(model: str, horizon_days: int) -> str:
    """A horizon is part of the name: models of different horizons cannot be compared."""
    return f"{model}_{horizon_days}d"


def main_name(name: str) -> str:
    """`churn` means its main horizon; a registered name means itself."""
    with suppress(FileNotFoundError):
        return registered_name(name, params.load(name).horizons[0])
    return name


def _artefacts(opened: MlflowClient, found: ModelVersion) -> str:
    source = str(found.source)
    prefix = "models:/"
    if source.startswith(prefix):
        return str(opened.get_logged_model(source.removeprefix(prefix)).artifact_location)
    return source


def _version(opened: MlflowClient, found: ModelVersion) -> Version:
    return Version(
        name=found.name,
        number=str(found.version),
        run_id=str(found.run_id),
        artefacts=_artefacts(opened, found),
        aliases=tuple(found.aliases),
        tags=dict(found.tags),
    )


def versions(settings: Settings, name: str | None = None) -> list[Version]:
    """All versions of one model or of all, newest first."""
    opened = mlflow_door.client(settings)
    names = [name] if name else sorted(model.name for model in opened.search_registered_models())
    found = [opened.search_model_versions(f"name='{each}'") for each in names]
    # A search leaves the aliases out.
    whole = [opened.get_model_version(v.name, v.version) for group in found for v in group]
    return sorted((_version(opened, v) for v in whole), key=lambda v: (v.name, -int(v.number)))


def with_alias(settings: Settings, name: str, alias: str = CHAMPION) -> Version | None:
    """The version that holds the alias, if any."""
    from mlflow.exceptions import MlflowException

    opened = mlflow_door.client(settings)
    try:
        return _version(opened, opened.get_model_version_by_alias(name, alias))
    except MlflowException:
        return None


def champion(settings: Settings, name: str) -> Version:
    """The version that scores; raises AlluviumError when there is none."""
    if (found := with_alias(settings, name)) is None:
        raise AlluviumError(f"There is no champion of {name}", where=str(settings.mlflow), do=retrain(name))
    return found


def retrain(name: str) -> str:
    """What to do when a registered model cannot be used."""
    model = name.rsplit("_", 1)[0]
    return f"Train one: `alluvium job {model}.train --run-date <date>`; the scores of earlier nights stay"


def _checked(path: Path, expected: str | None, version: Version) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise AlluviumError(
            f"{version.name} version {version.number} has lost its file",
            where=str(path),
            do=retrain(version.name),
        ) from error
    if expected is None or sha256(content).hexdigest() != expected:
        raise AlluviumError(
            f"The file of {version.name} version {version.number} is not the one that was registered",
            where=str(path),
            do=retrain(version.name),
        )
    return content


def content(settings: Settings, version: Version) -> bytes:
    """The bytes of the booster that scores; raises AlluviumError when they are missing or changed."""
    path = mlflow_door.local_path(f"{version.artefacts}/model.ubj", settings)
    return _checked(path, version.tags.get("sha256"), version)


def load(settings: Settings, version: Version) -> tuple[Booster, Manifest]:
    """The booster that scores."""
    return boosting.from_bytes(content(settings, version))


def _run_file(settings: Settings, version: Version, file: str) -> Path:
    uri = mlflow_door.client(settings).get_run(version.run_id).info.artifact_uri
    return mlflow_door.local_path(f"{uri}/{file}", settings)


def load_evaluated(settings: Settings, version: Version) -> tuple[Booster, Manifest]:
    """The booster that was measured: fitted without the version's own held-out cut-off."""
    path = _run_file(settings, version, EVALUATED)
    return boosting.from_bytes(_checked(path, version.tags.get("sha256_evaluated"), version))


def evaluation(name: str, settings: Settings | None = None) -> dict[str, Any]:
    """Figures, baselines and curves of the champion of `churn`, `ltv` or a registered name; or empty.

    Keys: model, version, run_date, horizon_days, evaluated_on, count_customers, mean_outcome, figures,
    baselines (name to figures), curves (calibration, lift: name to points), importance, reason.
    """
    settings = settings or get_settings()
    if not (settings.mlflow / "mlflow.db").exists():
        return {}
    if (found := with_alias(settings, main_name(name))) is None:
        return {}
    try:
        noted: dict[str, Any] = json.loads(_run_file(settings, found, EVALUATION).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AlluviumError(
            f"The evaluation of {found.name} version {found.number} cannot be read", do=retrain(found.name)
        ) from error
    return noted | {"version": found.number, "reason": found.tags.get("reason", "")}


def promote(settings: Settings, name: str, number: str, reason: str) -> None:
    """Make a version the champion, and remember the one before it.

    Raises AlluviumError when there is no such version or its file is not sound.
    """
    found = {v.number: v for v in versions(settings, name)}
    if number not in found:
        raise AlluviumError(f"There is no version {number} of {name}", do="`alluvium model list` shows them")
    if "sha256" in found[number].tags:  # The recommender's champions are parameters, without a file.
        content(settings, found[number])
    opened = mlflow_door.client(settings)
    before = with_alias(settings, name)
    if before is not None and before.number == number:
        return
    if before is not None:
        opened.set_registered_model_tag(name, PREVIOUS, before.number)
    opened.set_model_version_tag(name, number, "reason", reason)
    opened.set_registered_model_alias(name, CHAMPION, number)
    if CHALLENGER in found[number].aliases:
        opened.delete_registered_model_alias(name, CHALLENGER)


def challenge(settings: Settings, name: str, number: str) -> None:
    """Note the version as the challenger: measured, and not promoted."""
    mlflow_door.client(settings).set_registered_model_alias(name, CHALLENGER, number)


def rollback(settings: Settings, name: str) -> str:
    """Make the champion before this one the champion again; returns its number."""
    opened = mlflow_door.client(settings)
    before = champion(settings, name)
    previous = opened.get_registered_model(name).tags.get(PREVIOUS)
    if previous is None:
        raise AlluviumError(f"{name} has had no champion before version {before.number}")
    promote(settings, name, previous, f"rolled back from version {before.number}")
    return str(previous)
