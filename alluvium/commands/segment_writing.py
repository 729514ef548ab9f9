"""`alluvium segment new | canary | approve | rollback | schema`: definitions are written and changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from alluvium.errors import UsageError
from alluvium.settings import Settings, get_settings

Json = Annotated[bool, typer.Option("--json", help="For programs")]
Name = Annotated[str, typer.Argument(help="A file of spark_jobs/segments/definitions, without its ending")]
RunDate = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A night")]
Folder = Annotated[Path | None, typer.Option(help="Default: spark_jobs/segments/definitions")]


def night_of(settings: Settings, run_date: datetime | None) -> date:
    """The night that is meant: the given one, else the last that finished."""
    from alluvium.job import finished_nights

    if run_date is not None:
        return run_date.date()
    nights = finished_nights(settings)
    if not nights:
        raise UsageError("No night is finished yet", do="Name one with --run-date")
    last: date = nights[-1]["run_date"]
    return last


def _ask(question: str, choices: list[str] | None, default: str | None) -> str:
    """Ask until the answer is one of the choices; a number stands for its choice."""
    from difflib import get_close_matches

    if choices and len(choices) > 3:
        typer.echo("\n".join(f"  {place}. {choice}" for place, choice in enumerate(choices, start=1)))
    hint = f" ({'/'.join(choices)})" if choices and len(choices) <= 3 else ""
    while True:
        answer = str(typer.prompt(f"{question}{hint}", default=default)).strip()
        if not choices or answer in choices:
            return answer
        if answer.isdigit() and 1 <= int(answer) <= len(choices):
            return choices[int(answer) - 1]
        near = get_close_matches(answer, choices, 1)
        typer.echo(f"There is no {answer!r}" + (f"; did you mean {near[0]!r}?" if near else ""))


def new(
    name: Annotated[str, typer.Argument(help="The segment's name: its file")], folder: Folder = None
) -> None:
    """Ask questions and write a rule document; nothing is decided before the next night."""
    from spark_jobs.segments.definition import FOLDER, YAML, check_name, parse
    from spark_jobs.segments.interview import interview

    check_name(f"{name}{YAML}")
    target = (folder or FOLDER) / f"{name}{YAML}"
    if target.exists() or target.with_suffix(".sql").exists():
        raise UsageError(f"{name} is there already", do=f"Edit {target.name}, or choose another name")
    text = interview(_ask)
    parse(text.encode(), target.name)
    target.write_text(text, encoding="utf-8")
    typer.echo(f"Written: {target}\nNext: alluvium segment preview {name}")


def schema() -> None:
    """Print the JSON Schema of rule documents, for editors."""
    from spark_jobs.segments.rules.schema import text

    typer.echo(text(), nl=False)


def canary(
    name: Name,
    run_date: RunDate = None,
    approve: Annotated[str | None, typer.Option(help="Let the change through, with this reason.")] = None,
    as_json: Json = False,
) -> None:
    """Hold an edited definition against the one that decided last, on the same data."""
    from alluvium.console import console, print_json, table
    from alluvium.job import JobConfig
    from alluvium.spark.session import on_demand
    from spark_jobs.segments import versions
    from spark_jobs.segments.canary import compare
    from spark_jobs.segments.definition import load
    from spark_jobs.segments.moment import of_night

    settings = get_settings()
    edited, config = load(name), JobConfig(night_of(settings, run_date), settings)
    last = versions.decided_version(settings, name)
    with on_demand(settings) as spark:
        old = versions.version(settings, name, last) if last else None
        told = compare(spark, old, edited, config, of_night(config))
    if approve is not None:
        _approve(settings, versions.approval(edited), approve)
    if as_json:
        print_json({**told.as_dict(), "is_approved": approve is not None})
        return
    rows: list[list[Any]] = [
        ["version", told.old_version, told.new_version],
        ["customers", told.old_size, told.new_size],
        ["mean spend", told.old_mean_spend, told.new_mean_spend],
    ]
    table(None, ["", "decided last", "edited"], rows)
    console.print(f"{told.enter} would enter, {told.leave} would leave")
    console.print(f"The guard {'objects: ' + told.objection if told.objection else 'agrees'}")
    if told.objection and approve is None:
        console.print(f'Next: alluvium segment canary {name} --approve "why it is right"')


def _approve(settings: Settings, subject: str, reason: str) -> None:
    from alluvium.privacy import audit
    from spark_jobs.segments.versions import APPROVED

    audit.note(settings, APPROVED, subject, reason)


def approve(
    name: Name,
    run_date: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The night that held it.")],
    reason: Annotated[str, typer.Option(help="Why it is right after all; kept in ops.audit.")],
) -> None:
    """Let one night move a segment although its guard objects; then repeat that night."""
    from spark_jobs.segments.definition import load
    from spark_jobs.segments.versions import approval

    night = run_date.date()
    _approve(get_settings(), approval(load(name), night), reason)
    typer.echo(f"Approved. Next: alluvium night --run-date {night} --only-dags publish_nightly")


def rollback(
    name: Name,
    version: Annotated[str, typer.Argument(help="As `alluvium segment show` lists it")],
    reason: Annotated[str, typer.Option(help="Kept in ops.audit.")],
    folder: Folder = None,
) -> None:
    """Bring back an earlier definition; the next night brings back its membership."""
    from alluvium.privacy import audit
    from spark_jobs.segments import versions
    from spark_jobs.segments.definition import FOLDER, SUFFIXES, write

    settings = get_settings()
    earlier = versions.version(settings, name, version)
    audit.note(settings, "segment.rollback", f"{name} {version}", reason)
    # Who asks for it back has seen it: the guard must not hold what is known to be right.
    audit.note(settings, versions.APPROVED, versions.approval(earlier), f"rollback: {reason}")
    target = write(folder or FOLDER, earlier)
    for other in (target.with_suffix(suffix) for suffix in SUFFIXES):
        if other != target:
            other.unlink(missing_ok=True)
    typer.echo(f"{target.name} is at version {version} again. The next night decides by it.")


COMMANDS: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("new", "new weekend_shoppers", new),
    ("canary", "canary champions", canary),
    ("approve", 'approve champions --run-date 2017-11-02 --reason "the sale ended"', approve),
    ("rollback", 'rollback champions 35cec1957129 --reason "too wide"', rollback),
    ("schema", "schema > rules.schema.json", schema),
)
