"""What happens in a night, told while it happens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from pluggy import HookimplMarker

# Airflow's own marker, without importing Airflow before its home is known.
hookimpl = HookimplMarker("airflow")


class Progress(Protocol):
    """Who is told."""

    def started(self, dag_id: str, task_id: str) -> None:
        """A task began."""

    def finished(self, dag_id: str, task_id: str, succeeded: bool, seconds: float) -> None:
        """A task ended. One that skipped itself ends without a word."""


@dataclass(frozen=True)
class Failure:
    """A task that failed, and why."""

    dag_id: str
    task_id: str
    error: BaseException | str | None


@dataclass
class Watcher:
    """Listens to Airflow's task runner; tasks run one after the other here."""

    progress: Progress
    failures: list[Failure] = field(default_factory=list)
    _began: float = 0.0

    @hookimpl
    def on_task_instance_running(self, task_instance: Any) -> None:
        """Pass on the start."""
        self._began = time.perf_counter()
        self.progress.started(task_instance.dag_id, task_instance.task_id)

    @hookimpl
    def on_task_instance_success(self, task_instance: Any) -> None:
        """Pass on the end."""
        seconds = time.perf_counter() - self._began
        self.progress.finished(task_instance.dag_id, task_instance.task_id, True, seconds)

    @hookimpl
    def on_task_instance_failed(self, task_instance: Any, error: BaseException | str | None) -> None:
        """Keep the reason and pass on the end. Ctrl-C ends the whole night, not this task alone."""
        if isinstance(error, KeyboardInterrupt):
            raise error
        seconds = time.perf_counter() - self._began
        self.failures.append(Failure(task_instance.dag_id, task_instance.task_id, error))
        self.progress.finished(task_instance.dag_id, task_instance.task_id, False, seconds)


@contextmanager
def watching(progress: Progress) -> Iterator[Watcher]:
    """Listen to the tasks that Airflow runs in this process."""
    from airflow.sdk.listener import get_listener_manager

    watcher = Watcher(progress)
    manager = get_listener_manager()
    manager.add_listener(watcher)
    try:
        yield watcher
    finally:
        manager.pm.unregister(watcher)
