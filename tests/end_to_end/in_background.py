"""The demo that the end-to-end tests share is made while the other tests run.

Who begins it (the one process, or the controller of several workers) also stops it; who looks at it knows its
folder only.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from alluvium.settings import CHECKOUT

ALLUVIUM = CHECKOUT / ".venv" / "bin" / "alluvium"
INHERITED = ("SPARK_REMOTE", "SPARK_CONNECT_AUTHENTICATE_TOKEN", "ALLUVIUM_SPARK_MEMORY", "ALLUVIUM_HOME")
DEMO = ("demo", "--households", "60", "--nights", "1", "--json")
# The exit code appears whole, and last.
RUN = """
folder=$1
shift
"$@" >"$folder/said" 2>"$folder/complained"
echo $? >"$folder/.code"
mv "$folder/.code" "$folder/code"
"""
LONGEST_SECONDS = 3600
STOP_SECONDS = 60
LOOK_SECONDS = 0.2


def environment(home: Path) -> dict[str, str]:
    """That of a person who has set ALLUVIUM_HOME and nothing else."""
    kept = {key: value for key, value in os.environ.items() if key not in INHERITED}
    return {**kept, "ALLUVIUM_HOME": str(home)}


def home_in(folder: Path) -> Path:
    """Where the demo lives: a folder with a space in its name."""
    return folder / "a home"


def summary(folder: Path) -> str:
    """What the demo in `folder` printed, once it is done; fails with what it complained of."""
    end = time.monotonic() + LONGEST_SECONDS
    while not (folder / "code").exists():
        assert time.monotonic() < end, f"the demo is not done after {LONGEST_SECONDS} seconds"
        time.sleep(LOOK_SECONDS)
    complained = (folder / "complained").read_text(encoding="utf-8")
    assert (folder / "code").read_text().strip() == "0", complained[-3000:]
    return (folder / "said").read_text(encoding="utf-8")


class DemoInBackground:
    """Sixty households, the history and one night."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="alluvium demo ", ignore_cleanup_errors=True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        """What the demo says, how it ended, and its home."""
        return Path(self._temporary.name)

    def begin(self) -> None:
        """Start it, once."""
        if self._process is None:
            self._process = subprocess.Popen(
                ["bash", "-c", RUN, "demo", str(self.folder), str(ALLUVIUM), *DEMO],
                env=environment(home_in(self.folder)),
                cwd=CHECKOUT,
                start_new_session=True,  # Ctrl-C reaches the tests first, and they end it in order.
            )

    def stop(self) -> None:
        """End it as Ctrl-C does, if it still runs, and remove what it made; a server may still be ending."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._temporary.cleanup()
