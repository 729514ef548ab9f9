"""`alluvium privacy hold`: what must not be removed for now."""

from __future__ import annotations

from typing import Annotated

import typer

from alluvium.errors import UsageError
from alluvium.settings import Settings, get_settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Legal holds: what must not be removed.")
Reason = Annotated[str, typer.Option(help="Why; kept in ops.audit. No names.")]


@app.command(epilog="Example: alluvium privacy hold place --subject anna@example.org --reason 'Case 17/204'")
def place(
    reason: Reason,
    subject: Annotated[str | None, typer.Option(help="Any identifier of a person.")] = None,
    scope: Annotated[str | None, typer.Option(help="A class such as landing, or a table.")] = None,
) -> None:
    """Keep a person's days, a class of data or a table from removal, and a person from erasure."""
    from alluvium.console import console
    from alluvium.privacy import holds

    settings = get_settings()
    if (subject is None) == (scope is None):
        raise UsageError("A hold is on one thing", do="Give --subject or --scope")
    hold_id = holds.place(settings, _scope(settings, subject, scope), reason)
    console.print(f"Hold {hold_id} stands until `alluvium privacy hold release {hold_id} --reason ...`")


@app.command(epilog="Example: alluvium privacy hold release 1f0c9a77d2e4 --reason 'Case closed'")
def release(hold: Annotated[str, typer.Argument(help="Id of the hold.")], reason: Reason) -> None:
    """End a hold: the next night removes what is over its time."""
    from alluvium.console import console
    from alluvium.privacy import holds

    holds.release(get_settings(), hold, reason)
    console.print(f"Hold {hold} is released")


@app.command("list", epilog="Example: alluvium privacy hold list")
def list_holds(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Show the holds that stand."""
    from dataclasses import asdict

    from alluvium.console import print_json, table
    from alluvium.privacy import holds

    found = holds.standing(get_settings())
    if as_json:
        print_json([asdict(hold) for hold in found])
    else:
        rows = [[h.hold_id, h.scope, f"{h.placed_at:%Y-%m-%d}", h.reason] for h in found]
        table(None, ["hold", "on", "since", "why"], rows)


def _scope(settings: Settings, subject: str | None, scope: str | None) -> str:
    from alluvium.privacy import holds, retention

    if subject is not None:
        return holds.CUSTOMER + _customer(settings, subject)
    assert scope is not None
    known = {name for limit in retention.limits(settings) for name in (limit.name, limit.class_name)}
    if scope not in known:
        raise UsageError(
            f"Nothing is removed by the name {scope!r}", do=f"Known are {', '.join(sorted(known))}"
        )
    return scope


def _customer(settings: Settings, subject: str) -> str:
    from alluvium.privacy import keys
    from spark_jobs.privacy.lake import Lake
    from spark_jobs.privacy.people import People

    person = People(Lake(settings), keys.load_secret(keys.key_file(settings))).find("1", subject)
    return (person.customer_ids or person.record_keys)[0]
