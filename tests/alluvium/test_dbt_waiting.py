"""A process that reads dbt before it is needed."""

from __future__ import annotations

import json
import subprocess

import pytest

from alluvium.dbt import waiting
from alluvium.settings import CHECKOUT


@pytest.fixture
def repeating(monkeypatch):
    """In place of dbt, a process that says its order again."""

    def begun(folder):
        pipe = subprocess.PIPE
        return subprocess.Popen(["cat"], stdin=pipe, stdout=pipe, text=True)

    monkeypatch.setattr(waiting, "_begun", begun)
    yield
    waiting.dismiss()


def test_dbt_waits_and_runs_what_it_is_told_to():
    waiting.prepare(CHECKOUT)
    (ready,) = waiting._ready
    told = waiting.start(CHECKOUT, ["--version"], {"DBT_LOG_LEVEL_FILE": "none"})
    assert told is ready
    assert "1.11" in told.stdout.read()
    assert told.wait() == 0


def test_one_is_ready_at_most_and_takes_one_order(repeating):
    waiting.prepare(CHECKOUT)
    waiting.prepare(CHECKOUT)
    (ready,) = waiting._ready
    first = waiting.start(CHECKOUT, ["build"], {"A": "1"})
    second = waiting.start(CHECKOUT, ["test"], {})
    assert first is ready
    assert json.loads(first.stdout.read()) == {"arguments": ["build"], "environment": {"A": "1"}}
    assert json.loads(second.stdout.read()) == {"arguments": ["test"], "environment": {}}


def test_one_that_nobody_needs_ends(repeating):
    waiting.prepare(CHECKOUT)
    (ready,) = waiting._ready
    waiting.dismiss()
    assert (ready.returncode, waiting._ready) == (0, [])


def test_one_that_died_meanwhile_is_replaced(repeating):
    waiting.prepare(CHECKOUT)
    (ready,) = waiting._ready
    ready.kill()
    ready.wait()
    assert waiting.start(CHECKOUT, ["build"], {}).wait() == 0
