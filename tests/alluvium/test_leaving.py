"""The process ends with the code that was said, with everything said before, and without a teardown."""

from __future__ import annotations

import subprocess
import sys

WORK = """
import atexit, sys
from alluvium.leaving import prepare

class Teardown:
    def __del__(self, write=sys.stderr.write):
        write("taken apart")

kept = Teardown()
leaving = prepare()
atexit.register(print, "registered later, run before")
sys.stdout.write("done, ")
"""


def _ended(last_line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WORK + last_line], capture_output=True, text=True, check=False
    )


def test_what_was_written_arrives_and_the_interpreter_is_not_taken_apart():
    ended = _ended("leaving.code = 0")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "done, registered later, run before\n"


def test_the_code_that_was_said_is_the_exit_code():
    assert _ended("leaving.code = 2").returncode == 2


def test_an_error_nobody_caught_is_told_and_counts():
    ended = _ended("raise ValueError('unforeseen')")
    assert ended.returncode == 1
    assert "unforeseen" in ended.stderr
