"""Every command of the README runs, in the order in which it stands there."""

from __future__ import annotations

import re
import shlex

import pytest

from alluvium.settings import CHECKOUT
from tests.end_to_end.conftest import Demo

BLOCK = re.compile(r"```bash\n(.*?)```", re.DOTALL)


def commands() -> list[str]:
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    return [line for block in BLOCK.findall(text) for line in block.strip().splitlines()]


# Minutes each: the fixture runs the first night the same way, and the second is run by `make test-full`.
SLOW = ("night --run-date", "job segments.decide", "spark start")


@pytest.mark.parametrize("command", [c for c in commands() if not any(word in c for word in SLOW)])
def test_a_command_of_the_readme_works(demo: Demo, command: str) -> None:
    program, *arguments = shlex.split(command.split("#")[0])
    assert program == ".venv/bin/alluvium"
    done = demo.run(*[argument.replace("2017-11-02", "2017-11-01") for argument in arguments])
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.full
@pytest.mark.parametrize("command", [c for c in commands() if any(word in c for word in SLOW)])
def test_a_slow_command_of_the_readme_works(demo: Demo, command: str) -> None:
    done = demo.run(*shlex.split(command)[1:], timeout=1200)
    assert done.returncode == 0, done.stderr
