"""The DAG files, parsed as Airflow parses them, with a home of their own."""

from __future__ import annotations

import pytest

from alluvium.nights import airflow
from alluvium.settings import Settings


@pytest.fixture(scope="session")
def airflow_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home folder that Airflow of this test process lives in."""
    return Settings(home=tmp_path_factory.mktemp("airflow home"))


@pytest.fixture(scope="session")
def dags(airflow_settings: Settings) -> dict:
    """All DAGs by id; a file that does not import fails here, with its name."""
    airflow.prepare(airflow_settings)
    return airflow.load_dags()
