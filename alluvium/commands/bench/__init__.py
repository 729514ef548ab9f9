"""`alluvium bench`: what a night and its parts cost on this machine, beside what they may cost."""

from __future__ import annotations

from collections.abc import Callable

import typer

from alluvium.commands.bench.identity import identity
from alluvium.commands.bench.ingest import ingest
from alluvium.commands.bench.night import bench
from alluvium.commands.bench.recommend import recommend
from alluvium.commands.bench.scores import scores
from alluvium.commands.bench.segments import segments
from alluvium.commands.bench.warehouse import warehouse

app = typer.Typer(add_completion=False)

COMMANDS: dict[Callable[..., None], str] = {
    ingest: "alluvium bench ingest --rows 4000000",
    identity: "alluvium bench identity --records 300000",
    warehouse: "alluvium bench warehouse --copies 10",
    scores: "alluvium bench scores --customers 1000000",
    recommend: "alluvium bench recommend --spark-customers 20000",
    segments: "alluvium bench segments --people 100000 --no-spark",
}

app.callback(invoke_without_command=True, epilog="Example: alluvium bench --json")(bench)
for command, example in COMMANDS.items():
    app.command(epilog=f"Example: {example}")(command)
