"""What is said while something runs."""

from __future__ import annotations

import time
from threading import Event

from alluvium.console import Heartbeat


def test_what_runs_long_is_heard_of_again_and_again_until_it_stops():
    heard: list[float] = []
    second = Event()

    def listen(seconds: float) -> None:
        heard.append(seconds)
        if len(heard) == 2:
            second.set()

    beat = Heartbeat(listen, every_seconds=0.02)
    assert second.wait(5)
    beat.stop()
    time.sleep(0.1)
    said = len(heard)
    time.sleep(0.1)
    assert len(heard) == said
    assert heard == sorted(heard)


def test_what_is_soon_done_is_not_heard_of():
    heard: list[float] = []
    Heartbeat(heard.append, every_seconds=60).stop()
    assert heard == []
