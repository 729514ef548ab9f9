"""`alluvium ingest --from D --to D`: load every day of a stretch, in one Spark server."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from rich.text import Text

from alluvium.console import err
from alluvium.errors import AlluviumError
from alluvium.settings import Settings

COUNTS = ("rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate")


def load(days: Sequence[date], options: Mapping[str, str], settings: Settings) -> dict[date, AlluviumError]:
    """Load one day after the other; a day that fails does not keep the others from being loaded.

    Days whose files are as they were cost a look at the files, so that a stretch that was stopped is
    continued by the same command. Returns what went wrong, by day.
    """
    from alluvium.job import run_job
    from alluvium.spark.session import connect

    failed: dict[date, AlluviumError] = {}
    began = time.perf_counter()
    with connect(settings):
        for done, day in enumerate(days):
            started = time.perf_counter()
            try:
                run_job("ingest.load", day, options, settings)
            except AlluviumError as error:
                failed[day] = error
            now = time.perf_counter()
            _tell(day, now - started, failed.get(day), (now - began) / (done + 1) * (len(days) - done - 1))
    return failed


def _tell(day: date, seconds: float, error: AlluviumError | None, left: float) -> None:
    mark = "[red]failed[/]" if error else "[green]    ok[/]"
    ahead = f", about {left:.0f} s left" if left >= 1 else ""
    err.print(f"{mark}  {day} [dim]{seconds:6.1f} s{ahead}[/]")
    if error:
        err.print(Text(f"        {error}", style="red"))


def summed(batches: Sequence[Mapping[str, Any]], days: Sequence[date]) -> list[dict[str, Any]]:
    """One row per day: its deliveries and what became of their rows."""
    rows = []
    for day in days:
        of_day = [batch for batch in batches if batch["run_date"] == day and batch["file_count"]]
        counts = {name: sum(batch[name] for batch in of_day) for name in COUNTS}
        refused = sum(batch["status"] == "refused" for batch in of_day)
        rows.append({"run_date": day, "deliveries": len(of_day), "refused": refused, **counts})
    return rows
