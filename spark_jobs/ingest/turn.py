"""Jobs that write bronze and silver take turns: two copies of a task leave what one would have left.

The lock is one of the operating system: it ends with its process, however that ends. On several machines the
scheduler sees to it (`max_active_runs`), as for every lake with one writer per table.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from alluvium.errors import AlluviumError
from alluvium.settings import Settings

log = logging.getLogger(__name__)

WAIT_SECONDS = 3600


@contextmanager
def taken(settings: Settings) -> Iterator[None]:
    """Wait until no other job writes bronze and silver of this lake, and hold them off meanwhile.

    Raises AlluviumError when the other one takes longer than an hour.
    """
    settings.metastore.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.metastore / "ingest.lock", thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.info("Another load is at work; waiting for it")
        _wait(lock)
    try:
        yield
    finally:
        lock.release()


def _wait(lock: FileLock) -> None:
    try:
        lock.acquire(timeout=WAIT_SECONDS)
    except Timeout as error:
        raise AlluviumError(
            f"Another load has been at work for {WAIT_SECONDS // 60} minutes",
            where=lock.lock_file,
            do="Look at `alluvium status`, and run again when it is done",
        ) from error
