"""`alluvium privacy retention`: how long everything is kept, and what is over its time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer


def retention(
    run_date: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="As of that day; without it the last night's."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show each class of data: how long it is kept, the oldest day there is, and the days that are over.

    Removal is the work of `alluvium job maintain.retention`, every night.
    """
    from alluvium.console import console, print_json, table
    from alluvium.errors import AlluviumError
    from alluvium.job import finished_nights
    from alluvium.privacy import holds
    from alluvium.privacy import retention as rules
    from alluvium.settings import get_settings

    settings = get_settings()
    nights = finished_nights(settings)
    if run_date is None and not nights:
        raise AlluviumError("No night has finished yet", do="Give a day with --run-date")
    day = run_date.date() if run_date else nights[-1]["run_date"]
    found = [state | {"oldest": state["oldest"] or ""} for state in rules.states(settings, day)]
    if as_json:
        print_json({"run_date": str(day), "kept": found, "holds": len(holds.standing(settings))})
        return
    table(f"As of {day}", ["what", "class", "days", "oldest", "days over"], [list(s.values()) for s in found])
    console.print(f"{len(holds.standing(settings))} holds stand. What has no line is kept until erased.")
