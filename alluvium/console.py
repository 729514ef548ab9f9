"""What people see: Rich on a terminal, plain lines elsewhere. Results go to stdout, the rest to stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

# Who pipes a table elsewhere wants one line a row, not the width of a screen that is not there.
PIPED_WIDTH = None if sys.stdout.isatty() else 500
console = Console(highlight=False, soft_wrap=True, emoji=False, width=PIPED_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def print_json(value: Any) -> None:
    """One JSON document on stdout, for programs."""
    sys.stdout.write(json.dumps(value, default=str, ensure_ascii=False) + "\n")


def table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A small table; numbers to the right."""
    drawn = RichTable(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    kept = [["" if cell is None else cell for cell in row] for row in rows]
    for position, name in enumerate(columns):
        is_number = bool(kept) and all(isinstance(row[position], int | float) for row in kept)
        drawn.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in kept:
        drawn.add_row(*(Text(_shown(cell)) for cell in row))
    console.print(drawn)


def _shown(cell: Any) -> str:
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)


class Heartbeat:
    """Says every so often that something still runs, where there is no spinner; until `stop`."""

    def __init__(self, say: Callable[[float], None], every_seconds: float = 30) -> None:
        self._stopped = Event()
        self._say, self._every, self._began = say, every_seconds, time.perf_counter()
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while not self._stopped.wait(self._every):
            self._say(time.perf_counter() - self._began)

    def stop(self) -> None:
        """Say no more."""
        self._stopped.set()


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is going on and how long it took: a spinner on a terminal, one line elsewhere."""
    started = time.perf_counter()
    done = "failed"
    try:
        if err.is_terminal:
            with err.status(f"{what} …"):
                yield
        else:
            yield
        done = "ok"
    finally:
        colour = "green" if done == "ok" else "red"
        err.print(f"[{colour}]{done:>6}[/]  {what}  [dim]{time.perf_counter() - started:.1f} s[/]")
