"""`alluvium status`: what was done last, and what is there."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from alluvium import catalog
from alluvium.console import console, print_json, table
from alluvium.job import finished_nights
from alluvium.lake import ledger
from alluvium.settings import Settings, get_settings
from alluvium.spark.server_file import ServerFile

app = typer.Typer(add_completion=False)
LAST_RUNS = 12


def _runs(settings: Settings) -> list[dict[str, Any]]:
    rows = (
        ledger.read(catalog.OPS_RUNS, settings).sort_by([("finished_at", "descending")]).slice(0, LAST_RUNS)
    )
    kept = rows.select(["job", "run_date", "status", "seconds", "finished_at", "error"])
    return kept.to_pylist()  # type: ignore[no-any-return]


def _page(settings: Settings) -> str | None:
    pages = sorted(settings.reports.glob("*.html"))
    return str(pages[-1]) if pages else None


@app.command(epilog="Example: alluvium status --json")
def status(as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False) -> None:
    """Say which night was finished last, which jobs ran, and where the report lies."""
    settings = get_settings()
    nights, runs = finished_nights(settings), _runs(settings)
    last = nights[-1]["run_date"] if nights else None
    seen = {
        "home": str(settings.home),
        "last_finished_night": last,
        "report": _page(settings),
        "spark_runs": ServerFile.read_living(settings.metastore) is not None,
        "last_runs": runs,
    }
    if as_json:
        print_json(seen)
        return
    if not runs:
        console.print(
            "Nothing ran yet. `make demo` fills the lake; `alluvium night --run-date D` runs a night."
        )
        return
    console.print(f"Last finished night: [bold]{last or 'none'}[/]   report: {seen['report'] or 'none'}")
    rows = [[r["job"], str(r["run_date"]), r["status"], r["seconds"], r["error"] or ""] for r in runs]
    table("Last runs, newest first", ["job", "run date", "status", "seconds", "error"], rows)
