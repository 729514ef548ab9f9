"""One Spark server for the whole test session; a fresh home folder for each test that wants one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from alluvium.settings import Settings, get_settings
from alluvium.spark import spark_server

pytest_plugins = ["tests.workers"]

# How long an example takes says nothing on a busy machine.
hypothesis.settings.register_profile("alluvium", deadline=None)
hypothesis.settings.load_profile("alluvium")

# A tiny server: a small Delta write takes 0.7 s instead of 8.7 s with these.
TINY = {
    "spark.sql.shuffle.partitions": "1",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.sql.leafNodeDefaultParallelism": "1",
}


@pytest.fixture(scope="session")
def session_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The home folder that the session's Spark server keeps its catalogue and tables in."""
    before = os.environ.get("ALLUVIUM_HOME")
    os.environ["ALLUVIUM_HOME"] = str(tmp_path_factory.mktemp("alluvium home"))
    os.environ.setdefault("ALLUVIUM_SPARK_MEMORY", "1500m")
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()
    if before is None:
        os.environ.pop("ALLUVIUM_HOME")
    else:
        os.environ["ALLUVIUM_HOME"] = before


@pytest.fixture(scope="session")
def spark_server_held(session_settings: Settings) -> Iterator[None]:
    """The embedded server, alive until the last test; SPARK_REMOTE leads to it."""
    with spark_server.hold(session_settings):
        yield


@pytest.fixture(scope="session")
def spark(spark_server_held: None, session_settings: Settings) -> Iterator[object]:
    """A Spark Connect session with settings for tiny data."""
    from alluvium.spark.session import connect

    with connect(session_settings) as session:
        for name, value in TINY.items():
            session.conf.set(name, value)
        yield session


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A fresh ALLUVIUM_HOME for one test; no Spark of its own is started for it."""
    monkeypatch.setenv("ALLUVIUM_HOME", str(tmp_path / "home"))
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()
