"""`alluvium ingest`: load landing files, check contracts, see what became of deliveries."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from alluvium.console import console, err, print_json, table
from alluvium.errors import UsageError
from alluvium.settings import get_settings

app = typer.Typer(no_args_is_help=True, add_completion=False)

RunDate = Annotated[datetime, typer.Option("--run-date", formats=["%Y-%m-%d"], help="Day of arrival.")]
Source = Annotated[str | None, typer.Option("--source", help="Only this source.")]
Entity = Annotated[str | None, typer.Option("--entity", help="Only this entity.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
SHOWN = (
    "source",
    "entity",
    "run_date",
    "status",
    "rows_read",
    "rows_accepted",
    "rows_quarantined",
    "rows_duplicate",
)


@app.callback(
    invoke_without_command=True, epilog="Example: alluvium ingest --from 2017-11-01 --to 2017-11-05"
)
def ingest(
    context: typer.Context,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of a stretch to load.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Its last day.")] = None,
    source: Source = None,
    entity: Entity = None,
    as_json: AsJson = False,
) -> None:
    """Load landing files, check and propose contracts.

    With --from and --to every day between is loaded, in any order with what was loaded before. Stopped in the
    middle, the same command goes on.
    """
    if context.invoked_subcommand:
        if first or last:
            raise UsageError("--from and --to stand alone", do="One day: alluvium ingest load --run-date")
        return
    from alluvium.commands.night import days_of

    _load_days(days_of(None, first, last), {"source": source, "entity": entity}, as_json)


def _load_days(days: list[date], chosen: dict[str, str | None], as_json: bool) -> None:
    from alluvium.commands import ingest_days
    from alluvium.job import finished_nights

    failed = ingest_days.load(days, {name: value for name, value in chosen.items() if value}, get_settings())
    kept = [
        batch
        for batch in _batches(None)
        if all(value in (None, batch[name]) for name, value in chosen.items())
    ]
    rows = ingest_days.summed(kept, days)
    if as_json:
        print_json(
            [
                {**row, "error": str(failed[day]) if (day := row["run_date"]) in failed else None}
                for row in rows
            ]
        )
    else:
        table(
            None,
            [name.removeprefix("rows_").replace("_", " ") for name in rows[0]],
            [[*r.values()] for r in rows],
        )
        if nights := finished_nights():
            night = max(nights[-1]["run_date"], days[0])
            err.print(f"[dim]`alluvium night --run-date {night}` takes up what came[/]")
    if failed:
        raise typer.Exit(1)


def _batches(run_date: date | None) -> list[dict[str, Any]]:
    """Rows of the ledger, newest run date first."""
    from alluvium.lake import ledger
    from alluvium.tables.ingest import OPS_BATCHES

    rows: list[dict[str, Any]] = ledger.rows(OPS_BATCHES, get_settings())
    kept = [row for row in rows if run_date in (None, row["run_date"])]
    return sorted(kept, key=lambda row: (-row["run_date"].toordinal(), row["source"], row["entity"]))


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    headings = [name.removeprefix("rows_").replace("_", " ") for name in SHOWN] + ["reasons"]
    table(None, headings, [[*(row[name] for name in SHOWN), _reasons(row["reasons"])] for row in rows])


def _reasons(text: str | None) -> str:
    import json

    return ", ".join(f"{reason} {count}" for reason, count in json.loads(text or "{}").items())


@app.command(epilog="Example: alluvium ingest load --run-date 2017-11-01 --source pos")
def load(
    run_date: RunDate,
    source: Source = None,
    entity: Entity = None,
    initial: Annotated[bool, typer.Option("--initial", help="A first load: no limit on lateness.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Read files again that have not changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Load what was delivered for a run date; the same files a second time change nothing."""
    from alluvium.job import run_job

    options = {"source": source, "entity": entity, "initial": initial and "true", "force": force and "true"}
    run_job("ingest.load", run_date.date(), {name: str(value) for name, value in options.items() if value})
    rows = [row for row in _batches(run_date.date()) if source in (None, row["source"])]
    _show([row for row in rows if entity in (None, row["entity"])], as_json)


@app.command(epilog="Example: alluvium ingest check")
def check(as_json: AsJson = False) -> None:
    """List the contracts, and every mistake in those that cannot be used, with file and line."""
    from alluvium.contracts.contract import read_all

    contracts, refusals = read_all()
    if as_json:
        listed = [
            contract.model_dump(include={"source", "entity", "version", "key"}) for contract in contracts
        ]
        print_json({"contracts": listed, "errors": [str(refusal) for refusal in refusals]})
    else:
        rows = [
            [
                contract.source,
                contract.entity,
                contract.files.format,
                len(contract.columns),
                ", ".join(contract.key),
            ]
            for contract in contracts
        ]
        table(None, ["source", "entity", "format", "columns", "key"], rows)
        for refusal in refusals:
            err.print(Text(str(refusal), style="red"))
    if refusals:
        raise typer.Exit(1)


@app.command(epilog="Example: alluvium ingest new tickets.csv --source desk --entity tickets --write")
def new(
    file: Annotated[
        Path, typer.Argument(help="A sample: CSV, JSON lines, Avro or Parquet, plain, .gz or .zst.")
    ],
    source: Annotated[str, typer.Option("--source", help="Where the files come from.")] = "source",
    entity: Annotated[
        str | None, typer.Option("--entity", help="What a row is; the file's name else.")
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Rows to look at.")] = 10_000,
    write: Annotated[bool, typer.Option("--write", help="Write it among the contracts.")] = False,
) -> None:
    """Propose a contract from a sample file: types, key, personal data. Guesses are marked as such."""
    from alluvium.contracts.contract import parse
    from alluvium.contracts.contract_proposal import propose
    from alluvium.contracts.contract_sample import take

    named = entity or file.name.split(".")[0].lower().replace("-", "_")
    text = propose(take(file, rows), source, named)
    target = get_settings().sources / source / f"{named}.yml"
    parse(text, source, named, str(target))
    if not write:
        typer.echo(text, nl=False)
        err.print(f"[dim]`--write` puts it at {target}[/]")
        return
    _write_new(target, text)


def _write_new(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise UsageError("There is a contract already", where=str(target), do="Take another name") from None
    console.print(f"{target}\nRead what is marked `guess`, then `alluvium ingest check`")


@app.command(epilog="Example: alluvium ingest status --run-date 2017-11-01")
def status(
    run_date: Annotated[
        datetime | None, typer.Option("--run-date", formats=["%Y-%m-%d"], help="Only this day of arrival.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what became of each delivery; without a date, of the newest run date."""
    rows = _batches(run_date.date() if run_date else None)
    newest = rows[0]["run_date"] if rows else None
    if not rows and not as_json:
        console.print("Nothing was loaded yet")
        return
    _show([row for row in rows if row["run_date"] == newest], as_json)
