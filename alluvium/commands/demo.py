"""`alluvium demo`: a year of real shopping, its history loaded, two nights through the real DAGs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alluvium.console import err, print_json
from alluvium.settings import Settings, get_settings

if TYPE_CHECKING:
    from alluvium.nights.night import Night

app = typer.Typer(add_completion=False)

LEAST_HOUSEHOLDS = 60
HISTORY_ENDS = date(2017, 10, 31)
LAST_DAY = date(2017, 12, 31)


@dataclass(frozen=True)
class Part:
    """One stretch of the demo and how long it took."""

    name: str
    seconds: float


def _nights(count: int) -> list[Night]:
    """The first load with training, then one night after the other.

    The history is only loaded and learned from: there is nobody to publish to on a day in the past.
    """
    from alluvium.nights.night import Night

    first = Night(HISTORY_ENDS, dags=("ingest_events", "build_profiles"), train=True, initial=True)
    return [first, *(Night(HISTORY_ENDS + timedelta(days=offset)) for offset in range(1, count + 1))]


def _run(settings: Settings, households: int | None, nights: int) -> tuple[Any, list[Part]]:
    from alluvium.commands.night import Lines
    from alluvium.demo.land import land
    from alluvium.nights.night import ready

    lines, parts = Lines(), []
    began = time.perf_counter()
    err.print("[bold]Landing the demo data[/] [dim]and starting Spark and Airflow meanwhile[/]")
    try:
        with ThreadPoolExecutor(max_workers=1) as meanwhile:
            landing = meanwhile.submit(
                land, settings, households, on_progress=lambda what: err.print(f"        {what}")
            )
            with ready(lines, settings) as runner:
                landed = landing.result()
                parts.append(Part("land and start", time.perf_counter() - began))
                for night in _nights(nights):
                    parts.append(_one(runner, night))
    finally:
        lines.ended()
    return landed, parts


def _one(runner: Any, night: Night) -> Part:
    name = f"{'history to' if night.initial else 'night of'} {night.run_date}"
    began = time.perf_counter()
    err.print(f"\n[bold]{name.capitalize()}[/] [dim]{' → '.join(runner.order(night))}[/]")
    runner.run(night)
    return Part(name, time.perf_counter() - began)


@app.command(epilog="Example: alluvium demo --households 200")
def demo(
    households: Annotated[
        int | None,
        typer.Option(min=LEAST_HOUSEHOLDS, help="A small demo; fewer are too few to learn from."),
    ] = None,
    nights: Annotated[int, typer.Option(min=0, max=61, help="Nights after the history.")] = 2,
    land_only: Annotated[bool, typer.Option("--land-only", help="Land the files and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as JSON.")] = False,
) -> None:
    """Land a year of real shopping and its overlay, load the history, run nights, and show what was made."""
    from alluvium.demo.summary import show, summarise
    from alluvium.doctor import require
    from alluvium.meter import measuring_memory

    settings = get_settings()
    if land_only:
        from alluvium.demo.land import land

        land(settings, households, on_progress=lambda what: err.print(f"        {what}"))
        return
    require(settings)
    began = time.perf_counter()
    with measuring_memory(settings) as peak:
        landed, parts = _run(settings, households, nights)
    timings = {part.name: round(part.seconds, 1) for part in parts}
    figures = {
        "seconds": timings,
        "total_seconds": round(time.perf_counter() - began, 1),
        "peak_gib": round(peak.gib, 2),
    }
    summary = summarise(settings, landed, HISTORY_ENDS + timedelta(days=nights), figures)
    if as_json:
        print_json(summary)
    else:
        show(summary)
