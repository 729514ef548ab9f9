"""`alluvium job`: run one job by its name."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from alluvium.console import console, print_json
from alluvium.errors import UsageError
from alluvium.settings import CHECKOUT

app = typer.Typer(add_completion=False)


def _names() -> list[str]:
    files = [
        file
        for rooms in ("spark_jobs/*", "models/*", "expectations")
        for file in CHECKOUT.glob(f"{rooms}/*.py")
    ]
    return sorted(f"{file.parent.name}.{file.stem}" for file in files if _is_job(file))


def _is_job(file: Path) -> bool:
    return "def run(spark: SparkSession, config: JobConfig)" in file.read_text(encoding="utf-8")


def _options(pairs: list[str]) -> dict[str, str]:
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise UsageError(f"--option {wrong[0]!r} is not key=value")
    return dict(pair.split("=", 1) for pair in pairs)  # type: ignore[misc]


@app.command(epilog="Example: alluvium job ingest.load --run-date 2017-11-01 --option source=pos")
def job(
    name: Annotated[
        str | None, typer.Argument(help="<room>.<file>, such as ingest.load or churn.score")
    ] = None,
    run_date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The date whose result is made.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", help="key=value, as often as needed.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Show all jobs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Counts as JSON.")] = False,
) -> None:
    """Run one job; the same run date gives the same result each time."""
    if list_:
        console.print("\n".join(_names()))
        return
    if name is None or run_date is None:
        raise UsageError("A job needs its name and --run-date", do="`alluvium job --list` shows the names")
    from alluvium.job import run_job

    counts = run_job(name, run_date.date(), _options(option or []))
    if as_json:
        print_json(counts)
    else:
        console.print(
            f"{name} for {run_date:%Y-%m-%d}: " + (", ".join(f"{k} {v}" for k, v in counts.items()) or "done")
        )
