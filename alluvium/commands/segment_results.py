"""`alluvium segment results | propose`: what a segment's deliveries changed, and how wide it should be."""

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
    from spark_jobs.segments.definition import load
    from spark_jobs.segments.versions import decided_version

    settings = get_settings()
    if decided_version(settings, name) is None:
        load(name)  # Says so when there never was one of that name.
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


def propose(name: Segment, run_date: RunDate = None, as_json: Json = False) -> None:
    """Say which bound would bring a segment to the target rate that it states; nothing is changed."""
    from alluvium.console import print_json
    from alluvium.errors import UsageError
    from spark_jobs.segments.definition import load
    from spark_jobs.segments.targets import look, row

    settings, definition = get_settings(), load(name)
    if definition.target is None:
        do = "Add `-- target: redeemed at least 5 percent in 28 days, by churn_probability`"
        raise UsageError(f"{name} states no target rate", where=definition.file, do=do)
    night = night_of(settings, run_date)
    found = look(settings, definition, night)
    if found is None:
        raise UsageError(
            f"No night is {definition.target.in_days} days older than {night}", do="Wait for one"
        )
    told = row(definition, night, found)
    print_json(told) if as_json else _show_proposal(told)


def _show_proposal(told: dict[str, Any]) -> None:
    from alluvium.console import console, table

    console.print(
        f"{told['segment']} wants {told['target_rate']:.1%} {told['outcome']} within {told['in_days']} days; "
        f"followed since {told['evidence_night']}"
    )
    rows = [
        [when, told[f"bound_{when}"], told[f"customers_{when}"], told[f"rate_{when}"]]
        for when in ("now", "proposed")
    ]
    table(None, ["", f"bound of {told['by']}", "customers", "rate"], rows)
    if told["verdict"] == "none":
        console.print("No bound reaches the target among customers who did not choose it")
        return
    console.print(f"95 % interval of the proposed rate: {told['rate_low']:.1%} to {told['rate_high']:.1%}")
    if told["verdict"] == "propose":
        console.print(
            f"Next: put {told['bound_proposed']:.6g} in {told['segment']}'s file, then "
            f"alluvium segment canary {told['segment']}"
        )


COMMANDS: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("results", "results lapsing_regulars --days 28", results),
    ("propose", "propose lapsing_regulars --json", propose),
)
