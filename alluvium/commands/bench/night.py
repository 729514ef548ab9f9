"""`alluvium bench`: what a night costs on this machine, step by step, beside what it may cost."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from datetime import date, timedelta
from typing import Annotated, Any

import typer

from alluvium.commands.bench.results import keep
from alluvium.commands.night import Lines
from alluvium.console import console, err, print_json, table
from alluvium.errors import AlluviumError
from alluvium.settings import Settings, get_settings

COUNT = "select count(*) from gold.customers"
# Seconds of a night on 2 cores, by what its tasks are for.
SHARES = {
    "start": ("start", 20.0),
    "ingest and gates": ("ingest. expectations.", 35.0),
    "identity": ("identity.", 15.0),
    "warehouse": ("warehouse.", 45.0),
    "scores": ("churn. ltv.", 15.0),
    "recommendations": ("recommender. publish.recommendations", 25.0),
    "segments and audiences": ("segments. publish.", 15.0),
    "report": ("report.", 10.0),
}


def _question_seconds(repetitions: int = 5) -> float:
    """Median wall time of one question asked as a person would: a new process each time."""
    command = [sys.executable, "-m", "alluvium.cli", "sql", COUNT, "--json"]
    taken = []
    for _ in range(repetitions):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _next_night(settings: Settings) -> date:
    """The night after the last finished one, if its files landed; else the last one again."""
    from alluvium.job import finished_nights

    nights = finished_nights(settings)
    if not nights:
        raise AlluviumError("There is no finished night to follow", do="Run `alluvium demo` first")
    last: date = nights[-1]["run_date"]
    following = last + timedelta(days=1)
    return following if any(settings.landing.glob(f"*/*/run_date={following}")) else last


def _one_night(settings: Settings, run_date: date) -> dict[str, Any]:
    from alluvium.meter import measuring_memory
    from alluvium.nights.night import Night, ready

    lines = Lines()
    began = time.perf_counter()
    with measuring_memory(settings) as peak, ready(lines, settings) as runner:
        start = time.perf_counter() - began
        runner.run(Night(run_date))
    total = time.perf_counter() - began
    tasks = {task["task"]: task["seconds"] for task in lines.tasks}
    return {"run_date": run_date, "seconds": total, "peak_gib": peak.gib, "tasks": {"start": start, **tasks}}


def shares(tasks: dict[str, float]) -> list[dict[str, Any]]:
    """Seconds per part of the night and what it may take; a task counts in the first part it fits."""
    left = dict(tasks)
    found = []
    for part, (names, allowed) in SHARES.items():
        mine = [task for task in left if task.startswith(tuple(names.split()))]
        found.append(
            {"part": part, "seconds": round(sum(left.pop(task) for task in mine), 1), "allowed": allowed}
        )
    return [*found, {"part": "other", "seconds": round(sum(left.values()), 1), "allowed": None}]


def bench(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
) -> None:
    """Run the next night and ask one question, and print seconds and peak memory; see reports/bench.json."""
    if context.invoked_subcommand is not None:
        return
    from alluvium.doctor import require

    settings = get_settings()
    require(settings)
    run_date = _next_night(settings)
    err.print(f"[bold]Night of {run_date}[/] [dim]measured[/]")
    measured = _one_night(settings, run_date)
    figures = {**measured, "shares": shares(measured["tasks"]), "question_seconds": _question_seconds()}
    target = keep(figures, "bench", settings.reports)
    if as_json:
        print_json(figures)
        return
    table(
        "A night, in seconds",
        ["part", "seconds", "allowed"],
        [list(row.values()) for row in figures["shares"]],
    )
    console.print(
        f"Night {figures['seconds']:.0f} s of 120, peak memory {figures['peak_gib']:.1f} of 8 GiB, "
        f"a question {figures['question_seconds']:.1f} of 2 s. Kept in {target}"
    )
