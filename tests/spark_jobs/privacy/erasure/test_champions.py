"""A certificate names the models that learned from whoever was erased, and none that was made later."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

from spark_jobs.privacy.erasure import champions

ERASED_AT = datetime(2017, 11, 2, tzinfo=UTC)
TABLES = """
CREATE TABLE registered_model_aliases (alias, version, name, workspace);
CREATE TABLE model_versions (name, version, creation_time, workspace);
INSERT INTO registered_model_aliases VALUES
    ('champion', 2, 'churn_30d', 'default'), ('champion', 1, 'ltv_30d', 'default'),
    ('challenger', 1, 'churn_30d', 'default');
INSERT INTO model_versions VALUES
    ('churn_30d', 1, 1509000000000, 'default'), ('churn_30d', 2, 1509500000000, 'default'),
    ('ltv_30d', 1, 1509700000000, 'default');
"""


def test_champions_of_before_are_named_with_the_day_to_retrain_by(settings):
    assert champions.before(settings, ERASED_AT) == []
    settings.mlflow.mkdir(parents=True)
    with closing(sqlite3.connect(settings.mlflow / "mlflow.db")) as opened:
        opened.executescript(TABLES)
    [churn] = champions.before(settings, ERASED_AT)
    assert (churn["model"], churn["version"], churn["retrain_by"]) == ("churn_30d", "2", "2017-12-02")
