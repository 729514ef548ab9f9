"""Who still needs the Spark server: one locked file per process.

The operating system drops a file lock when its process ends, whatever ended it, so that a killed command
never keeps the server alive and a reused process id never looks like an old one.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

KEEP_WARM = "keep_warm"


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Count this process among the holders while the block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{os.getpid()}-{uuid4().hex[:8]}.lock"
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _is_abandoned(path: Path) -> bool:
    try:
        with path.open("r") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    path.unlink(missing_ok=True)
    return True


def anybody(folder: Path) -> bool:
    """Whether a living process, or the wish to keep the server warm, holds it."""
    if (folder / KEEP_WARM).exists():
        return True
    return any(not _is_abandoned(path) for path in list(folder.glob("*.lock")))


def keep_warm(folder: Path, wanted: bool) -> None:
    """Say that the server should stay without holders, or no longer."""
    folder.mkdir(parents=True, exist_ok=True)
    if wanted:
        (folder / KEEP_WARM).touch()
    else:
        (folder / KEEP_WARM).unlink(missing_ok=True)
