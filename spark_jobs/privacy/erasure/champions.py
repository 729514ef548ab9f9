"""The models that score today and learned before an erasure: what they learned stays until they do again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

from alluvium.settings import Settings

# As in models/common/champions.py: four columns of MLflow's database, whose layout the pinned version fixes.
CHAMPIONS = """
SELECT a.name, a.version, v.creation_time FROM registered_model_aliases AS a
INNER JOIN model_versions AS v ON v.workspace = a.workspace AND v.name = a.name AND v.version = a.version
WHERE a.alias = 'champion' AND v.creation_time <= ? ORDER BY a.name
"""


def before(settings: Settings, erased_at: datetime) -> list[dict[str, str]]:
    """Name, version and time of every champion that was made before, and the day it must be retrained by."""
    path = settings.mlflow / "mlflow.db"
    if not path.is_file():
        return []
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as opened:
        try:
            rows = opened.execute(CHAMPIONS, [round(erased_at.timestamp() * 1000)]).fetchall()
        except sqlite3.OperationalError:  # No registry yet: nothing was trained.
            return []
    by = erased_at + timedelta(days=settings.models_retrained_within_days)
    return [
        {
            "model": name,
            "version": str(version),
            "made_at": datetime.fromtimestamp(made / 1000, UTC).isoformat(),
            "retrain_by": by.date().isoformat(),
        }
        for name, version, made in rows
    ]
