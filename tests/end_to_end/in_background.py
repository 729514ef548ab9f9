"""The demo that the end-to-end tests share is made while the other tests run: it leaves half a core idle."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from pathlib import Path

from alluvium.settings import CHECKOUT

ALLUVIUM = CHECKOUT / ".venv" / "bin" / "alluvium"
INHERITED = ("SPARK_REMOTE", "SPARK_CONNECT_AUTHENTICATE_TOKEN", "ALLUVIUM_SPARK_MEMORY", "ALLUVIUM_HOME")
DEMO = ("demo", "--households", "60", "--nights", "1", "--json")
LONGEST_SECONDS = 3600
STOP_SECONDS = 60


def environment(home: Path) -> dict[str, str]:
    """That of a person who has set ALLUVIUM_HOME and nothing else."""
    kept = {key: value for key, value in os.environ.items() if key not in INHERITED}
    return {**kept, "ALLUVIUM_HOME": str(home)}


class DemoInBackground:
    """Sixty households, the history and one night, in a folder with a space in its name."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="alluvium demo ", ignore_cleanup_errors=True)
        self.home = Path(self._folder.name) / "a home"
        self._said = (Path(self._folder.name) / "said").open("w+", encoding="utf-8")
        self._complained = (Path(self._folder.name) / "complained").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [str(ALLUVIUM), *DEMO],
            env=environment(self.home),
            cwd=CHECKOUT,
            stdout=self._said,
            stderr=self._complained,
            start_new_session=True,  # Ctrl-C reaches the tests first, and they end it in order.
        )

    def summary(self) -> str:
        """What it printed, once it is done; fails with what it complained of."""
        code = self._process.wait(LONGEST_SECONDS)
        self._complained.seek(0)
        assert code == 0, self._complained.read()[-3000:]
        self._said.seek(0)
        return self._said.read()

    def stop(self) -> None:
        """End it as Ctrl-C does, if it still runs, and remove what it made; a server may still be ending."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._said.close()
        self._complained.close()
        self._folder.cleanup()
