"""`alluvium segment`: who is in which segment."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import typer

from alluvium.console import console, print_json, step, table
from alluvium.errors import UsageError
from alluvium.settings import Settings, get_settings

app = typer.Typer(no_args_is_help=True, help="List, preview and explain segments.")

Json = Annotated[bool, typer.Option("--json", help="For programs")]
Name = Annotated[str, typer.Argument(help="A file of spark_jobs/segments/definitions, without .sql")]
RunDate = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: the last finished night")
]


def _runs(settings: Settings) -> list[dict[str, Any]]:
    """What the nights decided, oldest first."""
    from alluvium import catalog, ledger

    rows = ledger.read(catalog.PUBLISHED_SEGMENT_RUNS, settings).to_pylist()
    return sorted(rows, key=lambda row: row["run_date"])


@app.command("list", epilog="Example: alluvium segment list --json")
def list_segments(as_json: Json = False) -> None:
    """Show every segment with its size after the last night that decided it."""
    from spark_jobs.segments.definition import load_all

    last = {run["segment"]: run for run in _runs(get_settings())}
    rows = [
        {
            "segment": definition.name,
            "size": run.get("size"),
            "run_date": run.get("run_date"),
            "status": run.get("status"),
            "owner": definition.owner,
            "description": definition.description,
        }
        for definition in load_all()
        for run in [last.get(definition.name, {})]
    ]
    if as_json:
        print_json(rows)
    else:
        columns = ("segment", "size", "status", "description")
        table(None, columns, [[row[name] for name in columns] for row in rows])


@app.command(epilog="Example: alluvium segment show cart_abandoners")
def show(name: Name, as_json: Json = False) -> None:
    """Show the definition of a segment, and how it moved."""
    from spark_jobs.segments.definition import load

    definition = load(name)
    fields = ("run_date", "status", "size", "entered", "left", "definition_version", "reason")
    runs = [{key: run[key] for key in fields} for run in _runs(get_settings()) if run["segment"] == name]
    if as_json:
        print_json({"segment": name, "version": definition.version, "sql": definition.text, "runs": runs})
        return
    console.print(definition.text, markup=False)
    table(None, list(fields), [list(run.values()) for run in runs])


def _night(settings: Settings, run_date: datetime | None) -> date:
    from alluvium.job import finished_nights

    if run_date is not None:
        return run_date.date()
    nights = finished_nights(settings)
    if not nights:
        raise UsageError("No night is finished yet", do="Name one with --run-date")
    last: date = nights[-1]["run_date"]
    return last


@app.command(epilog="Example: alluvium segment preview cart_abandoners --run-date 2017-11-02")
def preview(name: Name, run_date: RunDate = None, as_json: Json = False) -> None:
    """Say whom a definition would give now, and what its guard thinks of that; nothing is saved."""
    from alluvium.job import JobConfig
    from alluvium.session import on_demand
    from spark_jobs.segments.definition import load
    from spark_jobs.segments.moment import of_night
    from spark_jobs.segments.preview import preview as ask

    settings = get_settings()
    definition, config = load(name), JobConfig(_night(settings, run_date), settings)
    with step(f"Asking {name} as of {config.run_date}"), on_demand(settings) as spark:
        answer = ask(spark, definition, config, of_night(config))
    if as_json:
        print_json(answer.as_dict())
        return
    table(
        None,
        ["found", "before", "entered", "left"],
        [[answer.found, answer.before, answer.entered, answer.left]],
    )
    console.print(f"The guard {'objects: ' + answer.objection if answer.objection else 'agrees'}")
    for title, figures in (
        ("also in", answer.overlap),
        ("RFM group", answer.rfm),
        ("agreed to", answer.reach),
    ):
        if figures:
            table(None, [title, "customers"], list(figures.items()))
    table(None, ["value", "figure"], [[name.replace("_", " "), v] for name, v in answer.value.items()])
    console.print(f"Examples (names of this segment only): {', '.join(answer.examples) or 'none'}")
