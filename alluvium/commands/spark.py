"""`alluvium spark`: the embedded Spark Connect server."""

from __future__ import annotations

from typing import Annotated

import typer

from alluvium.console import console, print_json, step
from alluvium.settings import get_settings
from alluvium.spark import holders, spark_server
from alluvium.spark.server_file import ServerFile

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Start, stop and look at the Spark server."
)


@app.command(
    epilog="Example: alluvium spark start && alluvium night --run-date 2017-11-01 && alluvium spark stop"
)
def start() -> None:
    """Start the server and keep it warm until `alluvium spark stop`; a real scheduler needs that."""
    settings = get_settings()
    folder = settings.metastore / "holders"
    with step("Starting Spark"), spark_server.hold(settings) as server:
        holders.keep_warm(folder, wanted=True)
    console.print(f"Spark answers at localhost:{server.port} until `alluvium spark stop`")


@app.command(epilog="Example: alluvium spark stop")
def stop() -> None:
    """End the server now, whoever uses it."""
    console.print("Spark was stopped" if spark_server.stop(get_settings()) else "No Spark server was running")


@app.command(epilog="Example: alluvium spark status --json")
def status(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Say whether a server runs, where, and whether it stays."""
    settings = get_settings()
    server = ServerFile.read_living(settings.metastore)
    warm = (settings.metastore / "holders" / holders.KEEP_WARM).exists()
    if as_json:
        print_json({"running": server is not None, "port": server and server.port, "kept_warm": warm})
    elif server is None:
        console.print("No Spark server runs; a command that needs one starts it")
    else:
        stays = "kept warm" if warm else "ends with its last command"
        console.print(f"Spark answers at localhost:{server.port} (process {server.pid}, {stays})")
