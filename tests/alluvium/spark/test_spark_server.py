"""The server ends with its last holder, whatever ended the holder, and two commands share one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from alluvium.spark import holders, spark_server
from alluvium.spark.server_file import ServerFile

HOLD = """
import sys, time
from alluvium.spark import spark_server
from alluvium.settings import get_settings
with spark_server.hold(get_settings()) as server:
    print(server.pid, flush=True)
    time.sleep(float(sys.argv[1]))
"""


def holder(home: Path, seconds: float) -> subprocess.Popen[str]:
    environment = {
        k: v for k, v in os.environ.items() if k not in {"SPARK_REMOTE", "SPARK_CONNECT_AUTHENTICATE_TOKEN"}
    }
    environment |= {"ALLUVIUM_HOME": str(home), "ALLUVIUM_SPARK_MEMORY": "512m"}
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(seconds)], env=environment, stdout=subprocess.PIPE, text=True
    )


def wait_until_gone(pid: int, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not psutil.pid_exists(pid):
            return True
        time.sleep(0.2)
    return False


def test_two_commands_share_a_server_that_outlives_a_killed_one_and_ends_with_the_last(
    tmp_path: Path,
) -> None:
    home = tmp_path / "a home"
    first, second = holder(home, 600), holder(home, 600)
    pids = {int(each.stdout.readline()) for each in (first, second)}  # type: ignore[union-attr]
    assert len(pids) == 1
    server = pids.pop()
    assert (home / "metastore" / "server.json").stat().st_mode & 0o777 == 0o600
    assert (home / "secrets").stat().st_mode & 0o777 == 0o700
    first.send_signal(signal.SIGKILL)
    first.wait()
    time.sleep(2)
    assert psutil.pid_exists(server)
    second.send_signal(signal.SIGINT)
    second.wait()
    assert wait_until_gone(server)
    assert ServerFile.read_living(home / "metastore") is None


def test_a_lock_left_behind_by_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "4711-dead.lock").touch()
    assert not holders.anybody(tmp_path)
    with holders.holding(tmp_path):
        inside = subprocess.run(
            [
                sys.executable,
                "-c",
                f"from alluvium.spark import holders; from pathlib import Path; "
                f"print(holders.anybody(Path({str(tmp_path)!r})))",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert inside.stdout.strip() == "True"
    assert not holders.anybody(tmp_path)


@pytest.mark.parametrize("wanted", [True, False])
def test_a_server_is_kept_warm_only_when_asked(tmp_path: Path, wanted: bool) -> None:
    holders.keep_warm(tmp_path, wanted)
    assert holders.anybody(tmp_path) is wanted


def test_a_keeper_that_does_not_listen_is_killed_with_its_server(monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = "import signal, subprocess, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    deaf += "child = subprocess.Popen(['sleep', '600']); print(child.pid, flush=True); time.sleep(600)"
    keeper = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, text=True)
    child = int(keeper.stdout.readline())  # type: ignore[union-attr]
    monkeypatch.setattr(spark_server, "STOP_SECONDS", 0.5)
    spark_server._end(ServerFile(pid=child, keeper_pid=keeper.pid, port=1, token="t"))
    assert keeper.wait(5) == -signal.SIGKILL
    assert wait_until_gone(child, 5)
