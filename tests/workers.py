"""Who runs which test. Several workers (`pytest -n 2`) or one process: the same tests.

All tests of the session's Spark server belong to one worker, and begin first, as they take longest; all that
look at the demo belong to one, and come last, as it is made meanwhile. The others go file by file to whoever
is free. The controller of several workers does not collect: a worker tells it which test belongs where.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.end_to_end.in_background import DemoInBackground

SPARK, OTHERS, DEMO = "spark", "others", "demo"
ORDER = (SPARK, OTHERS, DEMO)
BEGUN = pytest.StashKey[DemoInBackground]()
DEMO_FOLDER = "demo_folder"
TOLD = "who runs what"


def _kind(item: pytest.Item) -> str:
    fixtures = getattr(item, "fixturenames", ())
    if "demo" in fixtures:
        return DEMO
    return SPARK if "session_settings" in fixtures else OTHERS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in order."""
    items.sort(key=lambda item: ORDER.index(_kind(item)))


def _groups(items: list[pytest.Item]) -> dict[str, str]:
    """Tests of one group are run by one worker."""
    kinds = {item.nodeid: _kind(item) for item in items}
    return {name: name.split("::")[0] if kind == OTHERS else kind for name, kind in kinds.items()}


def demo_folder(config: pytest.Config) -> Path:
    """Where the demo of this run is made."""
    told = getattr(config, "workerinput", {}).get(DEMO_FOLDER)
    return Path(told) if told else _begun(config).folder


def _begun(config: pytest.Config) -> DemoInBackground:
    if BEGUN not in config.stash:
        config.stash[BEGUN] = DemoInBackground()
    return config.stash[BEGUN]


def pytest_collection_finish(session: pytest.Session) -> None:
    """One process begins the demo itself; a worker tells who runs what, each the same."""
    groups = _groups(session.items)
    if hasattr(session.config, "workerinput"):
        told = demo_folder(session.config) / session.config.workerinput["workerid"]
        told.write_text(json.dumps(groups), encoding="utf-8")
        told.replace(told.with_name(TOLD))
    elif DEMO in groups.values() and not session.config.option.collectonly:
        _begun(session.config).begin()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Several workers: each is told where the demo will lie."""
    node.workerinput[DEMO_FOLDER] = str(_begun(node.config).folder)


class InGroups(LoadScopeScheduling):
    """Gives groups to workers in the order of the tests, and begins the demo as soon as they are known."""

    def schedule(self) -> None:
        """Called when all workers have collected, and again when one is lost."""
        begun = _begun(self.config)
        self.config.option.loadscopereorder = False
        self._groups = json.loads((begun.folder / TOLD).read_text(encoding="utf-8"))
        if DEMO in self._groups.values():
            begun.begin()
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return str(self._groups[nodeid])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> InGroups:
    """In place of the plugin's own ways to share tests."""
    return InGroups(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Whoever began the demo ends it."""
    if begun := session.config.stash.get(BEGUN, None):
        begun.stop()
