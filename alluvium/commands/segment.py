"""`alluvium segment`: who is in which segment."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from alluvium.commands import segment_results, segment_writing
from alluvium.commands.segment_writing import night_of
from alluvium.console import console, print_json, step, table
from alluvium.errors import UsageError
from alluvium.settings import Settings, get_settings

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="List, preview, explain, write and approve segments."
)
for _verb, _epilog, _function in (*segment_writing.COMMANDS, *segment_results.COMMANDS):
    app.command(_verb, epilog=f"Example: alluvium segment {_epilog}")(_function)

Json = Annotated[bool, typer.Option("--json", help="For programs")]
Name = Annotated[str, typer.Argument(help="A file of spark_jobs/segments/definitions, without its ending")]
RunDate = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: the last finished night")
]


def _runs(settings: Settings) -> list[dict[str, Any]]:
    """What the nights decided, oldest first."""
    from alluvium import catalog
    from alluvium.lake import ledger

    rows = ledger.rows(catalog.PUBLISHED_SEGMENT_RUNS, settings)
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


@app.command(epilog="Example: alluvium segment preview cart_abandoners --run-date 2017-11-02")
def preview(name: Name, run_date: RunDate = None, as_json: Json = False) -> None:
    """Say whom a definition would give now, and what its guard thinks of that; nothing is saved."""
    from alluvium.job import JobConfig
    from alluvium.spark.session import on_demand
    from spark_jobs.segments.definition import load
    from spark_jobs.segments.moment import of_night
    from spark_jobs.segments.preview import preview as ask

    settings = get_settings()
    definition, config = load(name), JobConfig(night_of(settings, run_date), settings)
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


@app.command(epilog="Example: alluvium segment why champions C0012e93c763b5813 --on 2017-11-01")
def why(
    name: Name,
    customer_id: Annotated[str, typer.Argument(help="The customer, in the segment or not")],
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As the last night by this date saw it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show each condition with the customer's value and whether it held."""
    from alluvium.job import JobConfig, finished_nights
    from alluvium.lake.lake_sql import View
    from spark_jobs.segments.definition import load
    from spark_jobs.segments.groups import ahead_of
    from spark_jobs.segments.moment import of_night
    from spark_jobs.segments.why import explain

    settings = get_settings()
    nights = [n for n in finished_nights(settings) if on is None or n["run_date"] <= on.date()]
    if not nights:
        raise UsageError("No night is finished by then", do="`alluvium status` shows the nights")
    night = nights[-1]
    view = View(settings, versions=night["table_versions"] if on else {})
    definition, at = load(name), of_night(JobConfig(night["run_date"], settings))
    told = explain(view, definition, at, customer_id, ahead_of(settings, definition, at))
    if as_json:
        print_json(told.as_dict())
        return
    verdict = "is in" if told.is_found else "is not in"
    console.print(f"{customer_id} {verdict} {name} as of the night of {night['run_date']}")
    rows = [[part.condition, part.value, "yes" if part.held else "no"] for part in told.conditions]
    table(None, ["condition", "value", "held"], rows)
    for stay in told.stays:
        left = f"until {stay['left_at']:%Y-%m-%d}" if stay["left_at"] else "and still is"
        console.print(f"In since {stay['entered_at']:%Y-%m-%d} {left} (version {stay['definition_version']})")
