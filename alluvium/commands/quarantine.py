"""`alluvium quarantine`: look at rows that were not accepted, drive them again, or give them up."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

import typer

from alluvium.console import console, print_json, table
from alluvium.settings import get_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Rows that were not accepted, and why.")

Source = Annotated[str | None, typer.Option("--source", help="Only this source.")]
Entity = Annotated[str | None, typer.Option("--entity", help="Only this entity.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Only rows with this reason.")]
RunDate = Annotated[
    datetime | None, typer.Option("--run-date", formats=["%Y-%m-%d"], help="Only this day of arrival.")
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")


def _ask(select: str, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the quarantine that match; none before the first load."""
    from alluvium.lake.lake_sql import View, as_dicts, ask
    from alluvium.tables.ingest import PII_QUARANTINE

    settings = get_settings()
    if not (settings.lake / "pii" / PII_QUARANTINE.name / "_delta_log").exists():
        return []
    conditions = {
        "source": "source = ?",
        "entity": "entity = ?",
        "run_date": "run_date = ?",
        "reason": "list_contains(reasons, ?)",
        "status": "status = ?",
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    where = " AND ".join(conditions[name] for name in given) or "true"
    return as_dicts(
        ask(View(settings, with_pii=True), select.replace("{where}", where), list(given.values()))
    )


def masked(text: str | None) -> str:
    """The shape of a payload without its values: letters as x, digits as 9."""
    return _DIGIT.sub("9", _LETTER.sub("x", text or ""))


def _day(run_date: datetime | None) -> date | None:
    return run_date.date() if run_date else None


@app.command(epilog="Example: alluvium quarantine summary --source pos")
def summary(
    source: Source = None, entity: Entity = None, run_date: RunDate = None, as_json: AsJson = False
) -> None:
    """Count the rows by reason; a row with two reasons counts under both."""
    rows = _ask(
        "SELECT source, entity, reason, status, count(*) AS rows, "
        "min(run_date) AS oldest, max(run_date) AS newest "
        "FROM (SELECT *, unnest(reasons) AS reason FROM pii.quarantine WHERE {where}) "
        "GROUP BY ALL ORDER BY rows DESC, source, entity, reason, status",
        {"source": source, "entity": entity, "run_date": _day(run_date)},
    )
    if as_json:
        print_json(rows)
    elif rows:
        table(None, list(rows[0]), [list(row.values()) for row in rows])
    else:
        console.print("No row is in quarantine")


@app.command(epilog="Example: alluvium quarantine show --source pos --reason negative_amount --limit 5")
def show(
    source: Source = None,
    entity: Entity = None,
    run_date: RunDate = None,
    reason: Reason = None,
    status: Annotated[str | None, typer.Option("--status", help="open, replayed or discarded.")] = "open",
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows at most.")] = 20,
    with_pii: Annotated[bool, typer.Option("--with-pii", help="Unmasked; noted in ops.audit.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show rows with their reasons. Values are masked unless you ask for them, which is noted."""
    wanted = {
        "source": source,
        "entity": entity,
        "run_date": _day(run_date),
        "reason": reason,
        "status": status,
    }
    rows = _ask(
        "SELECT source, entity, run_date, source_file, row_number, reasons, status, raw_payload "
        "FROM pii.quarantine WHERE {where} "
        f"ORDER BY run_date, source, entity, source_file, row_number LIMIT {limit}",
        wanted,
    )
    if with_pii:
        _note(wanted)
    for row in rows:
        row["reasons"] = ", ".join(row["reasons"])
        row["raw_payload"] = row["raw_payload"] if with_pii else masked(row["raw_payload"])
    if as_json:
        print_json(rows)
    elif rows:
        table(None, list(rows[0]), [list(row.values()) for row in rows])
    else:
        console.print("No such row is in quarantine")


def _note(wanted: dict[str, Any]) -> None:
    from alluvium.privacy import audit

    filters = ", ".join(f"{name}={value}" for name, value in wanted.items() if value is not None)
    audit.note(get_settings(), "quarantine.show_with_pii", f"pii.quarantine ({filters})")


def _run_over_days(job: str, options: dict[str, str | None], run_date: datetime | None) -> dict[str, int]:
    """Run a job for each run date that has open rows; its counts summed."""
    from alluvium.job import run_job

    wanted = {"source": options.get("source"), "entity": options.get("entity"), "run_date": _day(run_date)}
    days = _ask(
        "SELECT DISTINCT run_date FROM pii.quarantine WHERE {where} AND status = 'open' ORDER BY run_date",
        wanted,
    )
    totals: dict[str, int] = {}
    for day in days:
        counts = run_job(job, day["run_date"], {name: value for name, value in options.items() if value})
        totals = {name: totals.get(name, 0) + int(count) for name, count in counts.items()}
    return totals


def _say(totals: dict[str, int], what: str, as_json: bool) -> None:
    if as_json:
        print_json(totals)
    else:
        shown = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in totals.items())
        console.print(f"{what}: {shown or 'no row is open'}")


@app.command(epilog="Example: alluvium quarantine replay --source pos")
def replay(
    source: Source = None, entity: Entity = None, run_date: RunDate = None, as_json: AsJson = False
) -> None:
    """Drive the open rows again under today's contracts; each enters the run date that it came for."""
    totals = _run_over_days("ingest.replay", {"source": source, "entity": entity}, run_date)
    _say(totals, "Replayed", as_json)


@app.command(epilog="Example: alluvium quarantine discard --source pos --reason negative_amount --yes")
def discard(
    source: Source = None,
    entity: Entity = None,
    run_date: RunDate = None,
    reason: Reason = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give up open rows: they stay, and no replay takes them up again."""
    if not yes:
        typer.confirm("Discard these open rows?", abort=True)
    options = {"source": source, "entity": entity, "reason": reason}
    _say(_run_over_days("ingest.discard", options, run_date), "Discarded", as_json)
