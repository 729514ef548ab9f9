"""`alluvium audience`: the files that go out."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

import typer

from alluvium.errors import UsageError

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Audience files: list, deliver, approve, normalise."
)

SHOWN = ("run_date", "status", "count_members", "count_exported", "count_added", "count_removed", "reason")

Json = Annotated[bool, typer.Option("--json", help="For programs")]


def _last_deliveries() -> list[dict[str, Any]]:
    """Every planned delivery with what its last night did; nulls before the first."""
    from alluvium import catalog
    from alluvium.lake import ledger
    from alluvium.settings import get_settings
    from spark_jobs.publish.plan import load

    rows = ledger.rows(catalog.PUBLISHED_AUDIENCE_DELIVERIES, get_settings())
    last = {(row["segment"], row["platform"]): row for row in sorted(rows, key=lambda row: row["run_date"])}
    planned = load()
    return [
        {
            "segment": delivery.segment,
            "platform": delivery.platform,
            "purpose": planned.platforms[delivery.platform].purpose,
            **{name: last.get((delivery.segment, delivery.platform), {}).get(name) for name in SHOWN},
        }
        for delivery in planned.deliveries
    ]


@app.command("list", epilog="Example: alluvium audience list --json")
def list_audiences(as_json: Json = False) -> None:
    """Show every planned delivery and what its last night did."""
    from alluvium.console import print_json, table

    deliveries = _last_deliveries()
    if as_json:
        print_json(deliveries)
        return
    counts = ("count_exported", "count_added", "count_removed")
    columns = ("segment", "platform", "status", *counts, "reason")
    titles = [name.removeprefix("count_") for name in columns]
    table(None, titles, [[row[name] for name in columns] for row in deliveries])
    _say_next(deliveries)


def _say_next(deliveries: list[dict[str, Any]]) -> None:
    """The command for each audience that somebody may let through."""
    from spark_jobs.publish.guards import can_be_approved

    for row in deliveries:
        if row["status"] == "held" and can_be_approved(row["reason"]):
            which = f"{row['segment']} {row['platform']} --run-date {row['run_date']}"
            typer.echo(f'Next, if it is right: alluvium audience approve {which} --reason "why"')


RunDate = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: the last night")]
COUNTS = (
    "members",
    "without_consent",
    "suppressed",
    "held_out",
    "capped",
    "rejected",
    "exported",
    "added",
    "removed",
)


@app.command(epilog="Example: alluvium audience deliver --run-date 2017-11-02 --dry-run")
def deliver(
    run_date: RunDate = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go out.")] = False,
    as_json: Json = False,
) -> None:
    """Draft the files of a night, let the gate look at them, and bring them where they belong.

    The night does the same; this repeats it, say after an approval.
    """
    from alluvium.commands.segment_writing import night_of
    from alluvium.console import print_json, step, table
    from alluvium.job import run_job
    from alluvium.settings import get_settings

    night = night_of(get_settings(), run_date)
    if not dry_run:
        for job in ("publish.audiences", "expectations.published", "publish.deliver"):
            with step(f"{job} for {night}"):
                counts = run_job(job, night)
        print_json(counts) if as_json else list_audiences()
        return
    rows = _rehearsed(night)
    if as_json:
        print_json(rows)
    else:
        table(None, list(rows[0]) if rows else [], [list(row.values()) for row in rows])


def _rehearsed(night: date) -> list[dict[str, Any]]:
    from alluvium.job import JobConfig
    from alluvium.settings import get_settings
    from alluvium.spark.session import on_demand
    from spark_jobs.publish.audiences import rehearse

    settings = get_settings()
    with on_demand(settings) as spark:
        outcomes = rehearse(spark, JobConfig(night, settings))
    return [
        {
            "segment": delivery.segment,
            "platform": delivery.platform,
            "status": outcome.status,
            **{name: outcome.counts[name] for name in COUNTS},
            "reason": outcome.reason,
        }
        for delivery, outcome in outcomes
    ]


@app.command(
    epilog="Example: alluvium audience approve champions google --run-date 2017-11-02 "
    '--reason "the sale brought them"'
)
def approve(
    segment: Annotated[str, typer.Argument(help="As `alluvium audience list` shows it")],
    platform: Annotated[str, typer.Argument(help="Its platform")],
    run_date: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The night that held it.")],
    reason: Annotated[str, typer.Option(help="Why it is right after all; kept in ops.audit.")],
) -> None:
    """Let the audience of one night through although a guard objects.

    Consent, suppression and the smallest size hold whatever anybody approves.
    """
    from alluvium.privacy import audit
    from alluvium.settings import get_settings
    from spark_jobs.publish.plan import load
    from spark_jobs.publish.preconditions import APPROVED, approval

    if (segment, platform) not in {(planned.segment, planned.platform) for planned in load().deliveries}:
        raise UsageError(
            f"{segment} to {platform} is not planned", do="`alluvium audience list` shows what is"
        )
    audit.note(get_settings(), APPROVED, approval(segment, platform, run_date.date()), reason)
    typer.echo(f"Approved. Next: alluvium audience deliver --run-date {run_date:%Y-%m-%d}")


def _normalised(line: bytes) -> dict[str, Any]:
    """The answer to one request; a request that cannot be read is answered too, and does not end the rest."""
    from spark_jobs.publish.normalise import Rejected, normalise

    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        return {"rejected": "invalid_json"}
    if not isinstance(request, Mapping) or not {"platform", "field", "input"} <= request.keys():
        return {"rejected": "invalid_request"}
    asked = [request.get(name) for name in ("platform", "field", "input", "country")]
    if any(isinstance(part, bool | list | dict) for part in asked):
        return {"rejected": "invalid_request"}
    platform, field, value, country = (None if part is None else str(part) for part in asked)
    result = normalise(platform or "", field or "", value, country)
    if isinstance(result, Rejected):
        return {"rejected": str(result.reason)}
    return {"normalised": result.value, "sha256": result.sha256}


@app.command(
    epilog='Example: echo \'{"platform": "meta", "field": "city", "input": "St. Louis"}\' '
    "| alluvium audience normalise --json"
)
def normalise(as_json: Json = False) -> None:
    """Read JSON lines {platform, field, input, country} and answer each with its normal form and hash.

    An answer is {normalised, sha256}, sha256 null where the platform wants plain text, or
    {rejected: reason}. A line that cannot be read is answered with invalid_json or invalid_request.
    """
    if not as_json:
        raise UsageError("Requests and answers are JSON lines", do="Call it with --json")
    answers = sys.stdout.buffer  # UTF-8 as JSON demands, whatever the terminal speaks.
    for line in sys.stdin.buffer:
        if line.strip():
            answers.write(json.dumps(_normalised(line), ensure_ascii=False).encode() + b"\n")
            answers.flush()
