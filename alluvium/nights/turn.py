"""One night at a time, and nobody else who rewrites the tables that a night reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from alluvium.errors import AlluviumError
from alluvium.settings import Settings


@contextmanager
def alone(settings: Settings, what: str, do: str) -> Iterator[None]:
    """Keep nights away while the block runs. AlluviumError with `what` and `do` when one is running."""
    settings.airflow.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.airflow / "night.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise AlluviumError(what, where=str(settings.home), do=do) from None
    try:
        yield
    finally:
        lock.release()
