"""One small demo a session: sixty households, the history and one night, run as a person would.

It begins with the session, and the tests that look at it come last.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alluvium.lake.lake_sql import View, ask
from alluvium.settings import CHECKOUT, Settings
from tests.end_to_end.in_background import ALLUVIUM, environment, home_in, summary
from tests.workers import demo_folder


@dataclass(frozen=True)
class Demo:
    """Where the demo lies, and what it said at its end."""

    home: Path
    summary: dict[str, Any]

    @property
    def settings(self) -> Settings:
        """The settings of its home."""
        return Settings(home=self.home)

    def run(self, *arguments: str, timeout: int = 900) -> subprocess.CompletedProcess[str]:
        """Run a command in this home; the caller looks at how it ended."""
        return run(self.home, *arguments, timeout=timeout)

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask the lake, personal data included: a test may look."""
        return ask(View(self.settings, with_pii=True), query, list(parameters)).fetchall()


def run(home: Path, *arguments: str, timeout: int = 900) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ALLUVIUM), *arguments],
        env=environment(home),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


@pytest.fixture(scope="session")
def demo(request: pytest.FixtureRequest) -> Demo:
    """The demo of sixty households, history and the night of 2017-11-01."""
    folder = demo_folder(request.config)
    return Demo(home_in(folder), json.loads(summary(folder)))


@pytest.fixture(scope="session")
def hashes(demo: Demo) -> Callable[[], dict[str, tuple[int, int]]]:
    """Count and order-free hash of the rows of every table but the ledgers of runs."""
    ledgers = {"identity.runs", "published.segment_runs", "published.audience_deliveries", "ml.training_sets"}

    def look() -> dict[str, tuple[int, int]]:
        from alluvium.lake.lake_sql import tables

        names = [name for name in tables(View(demo.settings, with_pii=True)) if not name.startswith("ops.")]
        kept = [name for name in names if name not in ledgers]
        query = "select count(*), bit_xor(hash(row_text)) from (select t::varchar as row_text from {} as t)"
        return {name: demo.rows(query.format(name))[0] for name in kept}  # type: ignore[misc]

    return look
