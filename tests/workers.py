"""Who runs which test. Several workers (`pytest -n 2 --dist loadgroup`) or one process: the same tests.

All tests of the session's Spark server belong to one worker, and begin first, as they take longest; all that
look at the demo belong to one, and come last, as it is made meanwhile. The others go file by file to whoever
is free.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.in_background import DemoInBackground

SPARK, OTHERS, DEMO = "spark", "others", "demo"
ORDER = (SPARK, OTHERS, DEMO)
BEGUN = pytest.StashKey[DemoInBackground]()
DEMO_FOLDER = "demo_folder"


def _kind(item: pytest.Item) -> str:
    fixtures = getattr(item, "fixturenames", ())
    return next(
        (name for name, fixture in ((DEMO, "demo"), (SPARK, "session_settings")) if fixture in fixtures),
        OTHERS,
    )


@pytest.hookimpl(tryfirst=True)  # Before the groups become part of the tests' names.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in order, and together what belongs to one worker."""
    items.sort(key=lambda item: ORDER.index(_kind(item)))
    for item in items:
        kind = _kind(item)
        item.add_marker(pytest.mark.xdist_group(item.path.stem if kind == OTHERS else kind))


def demo_folder(config: pytest.Config) -> Path:
    """Where the demo of this run is made."""
    told = getattr(config, "workerinput", {}).get(DEMO_FOLDER)
    return Path(told) if told else _begun(config).folder


def _begun(config: pytest.Config) -> DemoInBackground:
    if BEGUN not in config.stash:
        config.stash[BEGUN] = DemoInBackground()
    return config.stash[BEGUN]


def pytest_collection_finish(session: pytest.Session) -> None:
    """One process: it has collected and begins the demo itself."""
    is_worker = hasattr(session.config, "workerinput")
    if not is_worker and not session.config.option.collectonly and DEMO in map(_kind, session.items):
        _begun(session.config).begin()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Several workers: each is told where the demo will lie."""
    node.workerinput[DEMO_FOLDER] = str(_begun(node.config).folder)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Several workers: their controller begins the demo as soon as one has collected."""
    if any(each.endswith(f"@{DEMO}") for each in ids):
        _begun(node.config).begin()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Whoever began the demo ends it."""
    if begun := session.config.stash.get(BEGUN, None):
        begun.stop()
