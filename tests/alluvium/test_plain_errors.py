"""What a person sees when the machine is not ready: one clear line, never a stack trace."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from alluvium.settings import CHECKOUT

ALLUVIUM = CHECKOUT / ".venv" / "bin" / "alluvium"


def run(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK_", "ALLUVIUM_", "JAVA_"))}
    return subprocess.run(
        [str(ALLUVIUM), *arguments],
        env={**kept, "ALLUVIUM_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def complaint(done: subprocess.CompletedProcess[str], exit_code: int = 1) -> str:
    assert done.returncode == exit_code, done.stderr
    lines = done.stderr.strip().splitlines()
    assert "Traceback" not in done.stderr
    return lines[-1]


JOB = ("job", "ingest.load", "--run-date", "2017-11-01")


def test_no_java(tmp_path: Path) -> None:
    line = complaint(run(tmp_path, *JOB, JAVA_HOME=str(tmp_path / "nothing")))
    assert "Java" in line
    assert "JAVA_HOME" in line


def test_a_wrong_spark_remote(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        line = complaint(run(tmp_path, *JOB, SPARK_REMOTE=f"sc://localhost:{unused.getsockname()[1]}"))
    assert "SPARK_REMOTE" in line
    assert "SPARK_REMOTE" in complaint(run(tmp_path, *JOB, SPARK_REMOTE="http://spark"), exit_code=2)


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = complaint(run(tmp_path, *JOB, ALLUVIUM_SPARK_PORT=str(port)))
    assert f"Port {port} is in use" in line


def test_a_home_that_cannot_be_written() -> None:
    line = complaint(run(Path("/proc/alluvium"), *JOB))
    assert "ALLUVIUM_HOME" in line


@pytest.mark.parametrize(
    "arguments", [("jobs",), ("job", "x.y", "--run-date", "2017-11-01"), ("sql",), ("job", "--nope")]
)
def test_bad_usage_ends_with_two(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    complaint(run(tmp_path, *arguments), exit_code=2)


def test_a_question_before_the_first_night_says_so(tmp_path: Path) -> None:
    line = complaint(run(tmp_path, "sql", "select count(*) from gold.customers"), exit_code=2)
    assert "gold.customers" in line
    assert "No night" in complaint(run(tmp_path, "sql", "--as-of", "2017-01-01", "select 1"))
