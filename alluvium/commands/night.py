"""`alluvium night`: the DAGs of one night, or of several, without a scheduler."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.status import Status

from alluvium.console import Heartbeat, err, print_json
from alluvium.errors import UsageError
from alluvium.settings import get_settings

app = typer.Typer(add_completion=False)
DAY = typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")


class Lines:
    """One line for each task; while it runs a spinner on a terminal, elsewhere a line every half minute."""

    def __init__(self) -> None:
        self.tasks: list[dict[str, Any]] = []
        self._running: Status | Heartbeat | None = None

    def started(self, dag_id: str, task_id: str) -> None:
        """Show what is running, in place of a task that skipped itself and said nothing."""
        self.ended()

        def still_runs(seconds: float) -> None:
            err.print(f"   ...  {task_id:<24} [dim]{dag_id:<16} {seconds:6.0f} s so far[/]")

        if err.is_terminal:
            self._running = err.status(f"{task_id} [dim]{dag_id}[/] …")
            self._running.start()
        else:
            self._running = Heartbeat(still_runs)

    def finished(self, dag_id: str, task_id: str, succeeded: bool, seconds: float) -> None:
        """Say how it went and how long it took."""
        self.ended()
        mark = "[green]    ok[/]" if succeeded else "[red]failed[/]"
        err.print(f"{mark}  {task_id:<24} [dim]{dag_id:<16}[/] {seconds:6.1f} s")
        self.tasks.append(
            {
                "dag": dag_id,
                "task": task_id,
                "status": "ok" if succeeded else "failed",
                "seconds": round(seconds, 2),
            }
        )

    def ended(self) -> None:
        """Take the spinner away."""
        if self._running:
            self._running.stop()
            self._running = None


def days_of(run_date: datetime | None, first: datetime | None, last: datetime | None) -> list[date]:
    """The days that the options name, in order. Raises UsageError when they name none, or two ways."""
    if run_date and (first or last):
        raise UsageError("Give --run-date, or --from and --to, not both")
    start, end = (run_date or first), (run_date or last or first)
    if start is None or end is None:
        raise UsageError("A date is missing", do="For example: alluvium night --run-date 2017-11-01")
    if end < start:
        raise UsageError(f"--to {end:%Y-%m-%d} lies before --from {start:%Y-%m-%d}")
    return [start.date() + timedelta(days=offset) for offset in range((end - start).days + 1)]


@app.command(epilog="Example: alluvium night --run-date 2017-11-01")
def night(
    run_date: Annotated[datetime | None, DAY] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First of several.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last of several.")
    ] = None,
    only_dags: Annotated[
        str | None, typer.Option(help="Some DAGs only, by name, with commas between.")
    ] = None,
    train: Annotated[
        bool, typer.Option("--train/--skip-training", help="Train models between profiles and scores.")
    ] = False,
    initial: Annotated[
        bool, typer.Option("--initial", help="The first load: a history, not one day.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Tasks with seconds as JSON.")] = False,
) -> None:
    """Run the DAGs of a night in the order of their assets: files in, profiles, scores, segments, files out.

    The same night again changes nothing. A date before the last finished night is loaded, and then that night
    is repeated with what it brought.
    """
    from alluvium.doctor import require
    from alluvium.nights.night import Night, plan, ready

    days = days_of(run_date, first, last)
    if only_dags:
        nights = [Night(day, dags=tuple(only_dags.replace(",", " ").split())) for day in days]
    else:
        nights = plan(days, _last_finished())
    nights = [replace(each, train=train and not _only_loads(each)) for each in nights]
    nights[0] = replace(nights[0], initial=initial)
    require(get_settings())
    lines = Lines()
    try:
        with err.status("Starting Spark and Airflow …") as starting, ready(lines) as runner:
            starting.stop()
            for each in nights:
                _run(runner, each)
    finally:
        lines.ended()
        if as_json:
            print_json(lines.tasks)


def _only_loads(night: Any) -> bool:
    from alluvium.nights.night import INGEST

    return tuple(night.dags) == (INGEST,)


def _last_finished() -> date | None:
    from alluvium.job import finished_nights

    nights = finished_nights()
    return nights[-1]["run_date"] if nights else None


def _run(runner: Any, night: Any) -> None:
    started = time.perf_counter()
    err.print(f"[bold]Night of {night.run_date}[/] [dim]{' → '.join(runner.order(night))}[/]")
    runner.run(night)
    err.print(f"[bold]Night of {night.run_date}[/] done in {time.perf_counter() - started:.0f} s")
