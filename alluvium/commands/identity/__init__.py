"""`alluvium identity`: which records are the same customer, why, and how well that is decided."""

from __future__ import annotations

from collections.abc import Callable

import typer

from alluvium.commands.identity.estimate import estimate
from alluvium.commands.identity.evaluate import evaluate
from alluvium.commands.identity.explain import explain
from alluvium.commands.identity.resolve import resolve
from alluvium.commands.identity.review import review
from alluvium.commands.identity.show import show
from alluvium.commands.identity.what_if import what_if

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Who is who: show, explain, review, try other rules, evaluate, resolve any table.",
)

COMMANDS: dict[Callable[..., None], str] = {
    show: "alluvium identity show C0123456789abcdef",
    explain: "alluvium identity explain C0123456789abcdef --output why.svg",
    review: 'alluvium identity review --cannot-link 0034d850... a8b16004... --reason "father and son"',
    what_if: "alluvium identity what-if --rules changed.yml",
    evaluate: "alluvium identity evaluate --truth .alluvium/truth/records.parquet --json",
    estimate: "alluvium identity estimate",
    resolve: "alluvium identity resolve --input people.csv --columns mapping.yml --output clusters.parquet",
}
for command, example in COMMANDS.items():
    app.command(epilog=f"Example: {example}")(command)
