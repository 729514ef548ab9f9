"""Load one day of a source and be killed while at it: `python -m tests.spark_jobs.ingest.killed <order>`."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from alluvium.job import JobConfig
from alluvium.lake import driver_delta
from alluvium.settings import get_settings
from alluvium.spark.server_file import ServerFile
from alluvium.spark.session import connect
from spark_jobs.ingest import load
from spark_jobs.ingest.few import batch as few_rows


def die() -> None:
    """As `kill -9` does it."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_server() -> None:
    """The same to the Spark server of this home."""
    server = ServerFile.read_living(get_settings().metastore)
    assert server is not None
    os.kill(server.pid, signal.SIGKILL)


def deadly(
    work: Callable[..., Any], when: str, schema: str, kill: Callable[[], None] = die
) -> Callable[..., Any]:
    """The same function, which kills the process before, after or during a call about the schema."""

    def wrapped(*given: Any, **more: Any) -> Any:
        schemas = {getattr(value, "schema", None) for value in given}
        if schema and schema not in schemas:
            return work(*given, **more)
        if when == "before":
            kill()
        if when == "during":
            threading.Thread(target=lambda: (time.sleep(0.02), kill()), daemon=True).start()
        result = work(*given, **more)
        if when == "after" or kill is die:
            kill()
        return result

    return wrapped


def main() -> None:
    """Connect, set the trap, load."""
    order = json.loads(sys.argv[1])
    settings = get_settings().model_copy(update={"sources": Path(order["sources"])})
    if order["many"]:
        few_rows.SMALL_BYTES = driver_delta.MOST_ROWS = 0
    if order["point"]:
        module, name, when, schema = order["point"].split(":")
        room = import_module(module)
        kill = kill_server if order["server"] else die
        setattr(room, name, deadly(getattr(room, name), when, schema, kill))
    config = JobConfig(date(2017, 11, order["day"]), settings, {"source": order["source"]})
    with connect(settings) as spark:
        if order["seconds"] is not None:
            threading.Timer(order["seconds"], die).start()
        began = time.perf_counter()
        load.run(spark, config)
        sys.stdout.write(f"{time.perf_counter() - began:.3f}\n")
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    main()
