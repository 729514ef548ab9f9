"""One small landing zone and one small world for all tests of this room."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from alluvium.demo.deliveries import World, invent
from alluvium.demo.journey import Journey, load_journey
from alluvium.demo.land import LandingSummary, land_into

HOUSEHOLDS = 60
SEED = 7
LAST_DAY = date(2017, 11, 6)


@pytest.fixture(scope="session")
def journey() -> Journey:
    """The shopping of the households of `small`."""
    return load_journey(HOUSEHOLDS, SEED)


@pytest.fixture(scope="session")
def world(journey: Journey) -> World:
    """What `small` was landed from."""
    return invent(journey, SEED)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LandingSummary]:
    """A landing zone with the history and six nights; the truth lies beside it."""
    home = tmp_path_factory.mktemp("demo home")
    summary = land_into(home / "landing", home / "truth", HOUSEHOLDS, SEED, LAST_DAY)
    return home / "landing", summary
