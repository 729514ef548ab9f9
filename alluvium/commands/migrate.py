"""`alluvium migrate`: bring an existing lake to what contracts, catalogue and dbt say today."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from alluvium.console import console, err, print_json, step, table
from alluvium.settings import get_settings

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: alluvium migrate --plan")
def migrate(
    only_plan: Annotated[
        bool, typer.Option("--plan", help="Say what would change, and change nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Bring an existing lake to what contracts, catalogue and dbt say today.

    Missing columns are added in place. Other changes are listed with the command that makes them.
    """
    from alluvium.lake import migration

    settings = get_settings()
    found = migration.plan(settings)
    automatic = [change for change in found if change.is_automatic]
    if as_json:
        print_json([{**asdict(change), "is_automatic": change.is_automatic} for change in found])
    elif not found:
        console.print("The lake is as contracts, catalogue and dbt say")
    else:
        columns = ("table", "column", "change", "is", "should be", "afterwards")
        table(None, columns, [list(asdict(change).values()) for change in found])
    if only_plan:
        if automatic and not as_json:
            err.print(f"`alluvium migrate` adds {len(automatic)} columns")
        return
    if automatic:
        with step(f"Adding {len(automatic)} columns"):
            migration.apply(automatic, settings)
    if len(automatic) < len(found):
        err.print("What is not `add` is left to you")
        raise typer.Exit(1)
