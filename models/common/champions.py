"""The champions that a night scores with, read from MLflow's database without MLflow.

Importing MLflow and opening its store costs seven seconds of CPU, half of what all scores may take. What a
night needs are five columns of its database, whose layout the pinned version of MLflow fixes; a test holds
both ways against each other.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

from alluvium.errors import AlluviumError
from alluvium.settings import Settings
from models.common import boosting, registry
from models.common.prediction import Champion
from models.common.registry import CHAMPION, Version, registered_name

_VERSION = """
    SELECT v.version, v.run_id, coalesce(l.artifact_location, v.source)
    FROM registered_model_aliases AS a
    INNER JOIN model_versions AS v ON v.workspace = a.workspace AND v.name = a.name AND v.version = a.version
    LEFT JOIN logged_models AS l ON v.source = 'models:/' || l.model_id
    WHERE a.alias = ? AND a.name = ?
"""
_TAGS = "SELECT key, value FROM model_version_tags WHERE name = ? AND version = ?"


def find(settings: Settings, name: str) -> Version:
    """As `registry.champion`: the version that scores; raises AlluviumError when there is none."""
    path = settings.mlflow / "mlflow.db"
    if path.exists():
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            if row := database.execute(_VERSION, (CHAMPION, name)).fetchone():
                tags = dict(database.execute(_TAGS, (name, row[0])).fetchall())
                return Version(name, str(row[0]), row[1], row[2], (CHAMPION,), tags)
    raise AlluviumError(
        f"There is no champion of {name}", where=str(settings.mlflow), do=registry.retrain(name)
    )


def is_known(settings: Settings, model: str, horizon_days: int) -> bool:
    """Whether somebody is champion, sound or not."""
    try:
        find(settings, registered_name(model, horizon_days))
    except AlluviumError:
        return False
    return True


def load(settings: Settings, model: str, horizon_days: int) -> Champion:
    """The champion of a horizon; raises AlluviumError when it is missing or its file was changed."""
    version = find(settings, registered_name(model, horizon_days))
    content = registry.content(settings, version)
    return Champion(version.number, content, boosting.from_bytes(content)[1])
