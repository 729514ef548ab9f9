"""End the process before Python takes its threads apart.

Arrow, DuckDB and delta-rs keep threads of their own. One that asks for the interpreter's lock while the
interpreter is going down is ended in the middle of C++ code, and the whole process aborts with "terminate
called without an active exception" although its work was done (apache/arrow#34314, duckdb/duckdb#13904).
"""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from dataclasses import dataclass


@dataclass
class Leaving:
    """The exit code with which the process will end; 1 until something else is said."""

    code: int = 1


def prepare() -> Leaving:
    """To be called before anything else registers with atexit: what is first there, is last to run."""
    leaving = Leaving()
    atexit.register(_end, leaving)
    return leaving


def _end(leaving: Leaving) -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError, ValueError):
            stream.flush()
    os._exit(leaving.code)
