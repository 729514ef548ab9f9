"""`alluvium doctor`: check this machine."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from alluvium.console import console, print_json
from alluvium.settings import get_settings

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: alluvium doctor --json")
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Findings as JSON.")] = False) -> None:
    """Check Java, memory, disk, port, jars and write access, and say how to mend what is missing."""
    from alluvium.doctor import findings

    found = list(findings(get_settings()))
    if as_json:
        print_json([asdict(finding) for finding in found])
    else:
        for finding in found:
            mark = "[green]ok  [/]" if finding.is_good else "[red]bad [/]"
            console.print(
                f"{mark} {finding.name:<13} {finding.seen}"
                + ("" if finding.is_good else f"\n     → {finding.mend}")
            )
        console.print(
            "[dim]A real Airflow scheduler runs each task in a process of its own: "
            "`alluvium spark start` first.[/]"
        )
    if not all(finding.is_good for finding in found):
        raise typer.Exit(1)
