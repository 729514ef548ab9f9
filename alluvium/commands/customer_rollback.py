"""`alluvium customer rollback`: the marts as an earlier night left them."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from alluvium.console import err, print_json, step, table
from alluvium.errors import UsageError
from alluvium.nights import turn
from alluvium.settings import Settings, get_settings

if TYPE_CHECKING:
    from spark_jobs.warehouse.rollback import Change

EPILOG = 'Example: alluvium customer rollback --to 2017-11-01 --reason "a wrong source was loaded"'
SHOWN = ("table", "rows_now", "rows_then", "rows_that_go", "rows_that_come_back")


def _compare(settings: Settings, night: date, as_json: bool) -> list[Change]:
    from spark_jobs.warehouse import rollback as marts

    with step(f"Comparing the marts with the night of {night}"):
        changes = marts.plan(settings, night)
    if as_json:
        print_json([asdict(change) for change in changes])
    elif changes:
        table(None, SHOWN, [[asdict(change)[name] for name in SHOWN] for change in changes])
    if not changes:
        err.print(f"The marts are as the night of {night} left them")
    return changes


def _restore(settings: Settings, night: date, changes: list[Change], reason: str) -> None:
    from alluvium.privacy import audit
    from spark_jobs.warehouse import rollback as marts

    audit.note(settings, "customer.rollback", night.isoformat(), reason)
    with step(f"Restoring {len(changes)} tables"):
        marts.apply(settings, night, changes)


def _is_wanted(changes: list[Change], to: date, yes: bool) -> bool:
    if not yes and not sys.stdin.isatty():
        raise UsageError("Nobody is there to be asked", do="`--yes` restores, `--plan` only shows")
    return yes or typer.confirm(f"Restore {len(changes)} tables to the night of {to}?")


def rollback(
    to: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="A night that finished.")],
    reason: Annotated[str, typer.Option(help="Kept in ops.audit.")] = "",
    only_plan: Annotated[bool, typer.Option("--plan", help="Show what would change, and stop.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Bring golden records, histories and all other marts back to the end of a night.

    First shows which rows go and which come back. Silver and identity stay: the next night decides again all
    that was loaded since.
    """
    settings, night = get_settings(), to.date()
    if not only_plan and not reason:
        raise UsageError("A rollback needs a reason", do='Add --reason "why"')
    if only_plan:
        _compare(settings, night, as_json)
        return
    with turn.alone(settings, "A night is running", "Roll back when it has ended; nothing was changed"):
        changes = _compare(settings, night, as_json)
        if changes and _is_wanted(changes, night, yes):
            _restore(settings, night, changes, reason)
            err.print("Next: mend the cause; `alluvium night` decides again what was loaded since")
