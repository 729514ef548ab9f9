"""`alluvium segment results`: what a segment's deliveries changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alluvium.commands.segment_writing import Json, RunDate, night_of
from alluvium.settings import get_settings

if TYPE_CHECKING:
    from spark_jobs.publish.results import Results

Segment = Annotated[str, typer.Argument(help="A segment with a holdout")]
Days = Annotated[int, typer.Option(min=1, max=365, help="Days after a customer's first night that count.")]


def results(name: Segment, days: Days = 28, run_date: RunDate = None, as_json: Json = False) -> None:
    """Compare orders and revenue of customers who were sent with those who were held out."""
    from alluvium.console import print_json
    from spark_jobs.publish.results import results as compare

    settings = get_settings()
    found = compare(settings, name, days, night_of(settings, run_date))
    if as_json:
        print_json(found.as_dict())
    else:
        _show(found)


def _show(found: Results) -> None:
    from alluvium.console import console, table

    console.print(
        f"{found.segment}: {found.count_sent:,} were sent and {found.count_held_out:,} held out "
        f"at least {found.days} days before {found.until}; {found.count_waiting:,} are still waited for"
    )
    rows = [
        [m.name, *(round(figure, 3) for figure in (m.sent, m.held_out, m.difference, m.low, m.high))]
        for m in found.measures
    ]
    table("Per customer", ["measure", "sent", "held out", "difference", "95 % from", "to"], rows)
    shown = ", ".join(measure.name for measure in found.measures if measure.is_shown)
    console.print(f"A difference is shown in: {shown or 'nothing, every interval holds 0'}")
    if not found.is_split_sound:
        console.print(
            f"[bold]Do not trust it:[/] {found.holdout:.0%} should have been held out; a split like this one "
            f"has a chance of {found.split_p_value:.1g}"
        )


COMMANDS: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("results", "results lapsing_regulars --days 28", results),
)
