"""`alluvium identity review`: doubtful pairs for people to look at, and what they decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from alluvium.commands.identity.lake import Json, ask
from alluvium.console import console, print_json, table
from alluvium.errors import AlluviumError, UsageError
from alluvium.settings import Settings, get_settings

if TYPE_CHECKING:
    import polars as pl

QUEUE = """
    select record_key_1, record_key_2, reason, probability, value_at_stake from identity.review_queue
    order by rank limit ?
"""
RECORDS = "select * from pii.identity_records where record_key in (?, ?)"
KNOWN = (
    "select record_key from identity.customer_records where is_current and record_key in (?, ?) group by 1"
)


def review(
    show: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="RECORD RECORD", help="Two records side by side: personal data, noted in ops.audit"
        ),
    ] = None,
    must_link: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="RECORD RECORD", help="They are one person: merge by hand"),
    ] = None,
    cannot_link: Annotated[
        tuple[str, str] | None, typer.Option(metavar="RECORD RECORD", help="They are two: split by hand")
    ] = None,
    forget: Annotated[
        tuple[str, str] | None, typer.Option(metavar="RECORD RECORD", help="Take a decision back")
    ] = None,
    decisions: Annotated[bool, typer.Option("--decisions", help="List what was decided")] = False,
    reason: Annotated[str | None, typer.Option(help="Why, for who reads it in a year")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Pairs of the queue that are listed")] = 20,
    as_json: Json = False,
) -> None:
    """List the doubtful pairs, look at two records, or decide about them.

    A decision holds from the next night on and survives rebuilds. That two records are two beats every
    score; that they are one beats every contradiction.
    """
    from spark_jobs.identity.decisions import CANNOT, FORGET, MUST

    asked = {MUST: must_link, CANNOT: cannot_link, FORGET: forget}
    chosen = [(decision, pair) for decision, pair in asked.items() if pair]
    if len(chosen) + bool(show) + decisions > 1:
        raise UsageError("One thing at a time: --show, --decisions, --must-link, --cannot-link or --forget")
    settings = get_settings()
    if chosen:
        _decide(settings, *chosen[0], reason, as_json)
    elif show:
        _side_by_side(settings, show, as_json)
    else:
        _listed(_decided(settings) if decisions else ask(settings, QUEUE, [limit]).to_dicts(), as_json)


def _listed(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(rows)
    elif rows:
        columns = [name.replace("_", " ") for name in rows[0]]
        table(
            None, columns, [[str(cell) if cell is not None else "" for cell in row.values()] for row in rows]
        )
    else:
        console.print("Nothing there.")


def _decided(settings: Settings) -> list[dict[str, Any]]:
    from alluvium import catalog
    from alluvium.lake import ledger

    rows = ledger.rows(catalog.IDENTITY_DECISIONS, settings)
    return sorted(rows, key=lambda row: row["decided_at"])


def _checked(settings: Settings, pair: tuple[str, str]) -> list[str]:
    """The pair, the smaller key first. Raises UsageError unless both are records of today."""
    if pair[0] == pair[1]:
        raise UsageError("Both records are the same one")
    known = set(ask(settings, KNOWN, list(pair))["record_key"])
    if missing := [key for key in pair if key not in known]:
        raise UsageError(f"There is no record {missing[0]}", do="`alluvium identity show` gives record keys")
    return sorted(pair)


def _decide(
    settings: Settings, decision: str, pair: tuple[str, str], reason: str | None, as_json: bool
) -> None:
    import getpass
    from datetime import UTC, datetime
    from uuid import uuid4

    from alluvium import catalog
    from alluvium.lake import ledger

    one, other = _checked(settings, pair)
    if reason is None or len(reason.strip()) < 3:
        raise UsageError("A reason is needed", do="Say it with --reason, for who reads it in a year")
    row = {
        "decision_id": uuid4().hex,
        "record_key_1": one,
        "record_key_2": other,
        "decision": decision,
        "reason": reason.strip(),
        "decided_by": getpass.getuser(),
        "decided_at": datetime.now(UTC),
    }
    ledger.append(catalog.IDENTITY_DECISIONS, [row], settings)
    if as_json:
        print_json(row)
    else:
        console.print(f"Kept: {decision.replace('_', '-')} {one} {other}. It holds from the next night on.")


def _side_by_side(settings: Settings, pair: tuple[str, str], as_json: bool) -> None:
    from alluvium.lake import lake_sql
    from alluvium.privacy import audit
    from spark_jobs.identity.side_by_side import compared

    one, other = _checked(settings, pair)
    view = lake_sql.View(settings, with_pii=True)
    rows: pl.DataFrame = lake_sql.ask(view, RECORDS, [one, other]).pl()
    if rows.height < 2:
        raise AlluviumError("The records are not there any more", do="Look after the next night")
    audit.note(settings, "identity.review", f"{one} {other}", reason=None)
    found = compared(rows)
    if as_json:
        print_json(found)
        return
    columns = ["", one, other, "likeness"]
    table(None, columns, [[line["field"], line["left"], line["right"], line["likeness"]] for line in found])
    console.print("\nOne person: --must-link; two: --cannot-link; both with --reason.")
