"""`alluvium privacy release`: figures of a month for everybody, with noise and a budget."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from alluvium.errors import AlluviumError

if TYPE_CHECKING:
    from alluvium.settings import Settings
    from spark_jobs.privacy.releases.definition import Definitions


def release(
    name: Annotated[str | None, typer.Argument(help="The breakdown; without it they are listed.")] = None,
    month: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m"], help="The month that is counted, as 2017-10.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Publish a breakdown of a month with differential privacy: nobody can tell whether a customer is in it.

    The month is published once: asked again, the same figures come back and cost nothing. When the year's
    budget is spent, it is refused. Only customers whose choices allow analytics are counted.
    """
    from alluvium.console import console, print_json, table
    from alluvium.settings import get_settings
    from spark_jobs.privacy.releases import definition
    from spark_jobs.privacy.releases import release as releases

    definitions = definition.load()
    if name is None or month is None:
        _list(definitions)
        return
    settings = get_settings()
    _refuse_running(settings, month)
    found = releases.release(settings, definitions, name, month.date())
    if as_json:
        print_json(asdict(found))
        return
    unit = definitions.get(name).unit
    rows = [[group, figure, f"± {found.plus_minus:g}"] for group, figure in found.figures.items()]
    table(f"{name}, {found.period}", ["group", unit, "19 of 20 times within"], rows)
    when = "published before: the same figures, at no cost" if found.is_stored else f"cost {found.epsilon:g}"
    console.print(f"{when}; {found.budget_left:g} of {definitions.budget_of_a_year:g} is left of the year")


def _list(definitions: Definitions) -> None:
    from alluvium.console import table

    rows = [
        [name, each.description, each.epsilon, f"{each.most_groups} x {each.most_value}"]
        for name, each in definitions.breakdowns.items()
    ]
    table(None, ["breakdown", "what", "costs", "most of one customer"], rows)


def _refuse_running(settings: Settings, month: datetime) -> None:
    """A month that still grows would be published too early, and only once."""
    from alluvium.job import finished_nights

    nights = finished_nights(settings)
    last = nights[-1]["run_date"] if nights else None
    if last is None or (last.year, last.month) <= (month.year, month.month):
        raise AlluviumError(
            f"{month:%Y-%m} is not over: the last finished night is {last or 'not there yet'}",
            do="A month is published once; publish it when the next one has begun",
        )
