"""How much memory all processes of a command take together, the Spark server included."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

from alluvium.settings import Settings
from alluvium.spark.server_file import ServerFile

POLL_SECONDS = 1.0


@dataclass
class Peak:
    """The largest sum seen, in bytes."""

    bytes: int = 0

    @property
    def gib(self) -> float:
        """The same in GiB."""
        return self.bytes / 2**30


def _family(process: psutil.Process) -> set[psutil.Process]:
    return {process, *process.children(recursive=True)}


def _used(process: psutil.Process) -> int:
    try:
        # Shared pages count once between the processes that share them.
        return int(getattr(process.memory_full_info(), "pss", 0) or process.memory_info().rss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0


def _together(settings: Settings) -> int:
    found = _family(psutil.Process(os.getpid()))
    server = ServerFile.read_living(settings.metastore)
    if server is not None:
        with suppress(psutil.NoSuchProcess):
            found |= _family(psutil.Process(server.keeper_pid))
    return sum(_used(process) for process in found)


@contextmanager
def measuring_memory(settings: Settings) -> Iterator[Peak]:
    """Look once a second while the block runs."""
    peak, done = Peak(), threading.Event()

    def look() -> None:
        while not done.wait(POLL_SECONDS):
            peak.bytes = max(peak.bytes, _together(settings))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join(timeout=5)
