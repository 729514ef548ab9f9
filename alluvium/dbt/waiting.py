"""dbt in processes of their own, one of which may have read dbt before it is needed.

To import dbt takes five seconds of CPU. A night starts a process when it begins, which reads dbt while files
are loaded, and then waits for its order on standard input. It ends by itself when nobody gives it one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock

_lock = Lock()
_ready: list[subprocess.Popen[str]] = []


def prepare(folder: Path) -> None:
    """Let a process read dbt, unless one has or does."""
    with _lock:
        if not _ready:
            _ready.append(_begun(folder))


def dismiss() -> None:
    """End the process that waits, if one does."""
    with _lock:
        waiting, _ready[:] = _ready[:], []
    for process in waiting:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


def start(folder: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """A process that runs dbt with these arguments in this environment; what it says is piped."""
    with _lock:
        process = _ready.pop() if _ready else _begun(folder)
    if process.poll() is not None:
        process = _begun(folder)
    assert process.stdin is not None
    with process.stdin:
        json.dump({"arguments": list(arguments), "environment": dict(environment)}, process.stdin)
    return process


def _begun(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "alluvium.dbt.process"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
