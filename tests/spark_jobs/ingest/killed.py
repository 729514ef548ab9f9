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
from alluvium.settings import get_settings
from alluvium.spark.session import connect
from spark_jobs.ingest import load


def die() -> None:
    """As `kill -9` does it."""
    os.kill(os.getpid(), signal.SIGKILL)


def deadly(work: Callable[..., Any], when: str, schema: str) -> Callable[..., Any]:
    """The same function, which kills the process before, after or during a call about the schema."""

    def wrapped(*given: Any, **more: Any) -> Any:
        schemas = {getattr(value, "schema", None) for value in given}
        if schema and schema not in schemas:
            return work(*given, **more)
        if when == "before":
            die()
        if when == "during":
            threading.Thread(target=lambda: (time.sleep(0.02), die()), daemon=True).start()
        result = work(*given, **more)
        die()
        return result

    return wrapped


def main() -> None:
    """Connect, set the trap, load."""
    order = json.loads(sys.argv[1])
    settings = get_settings().model_copy(update={"sources": Path(order["sources"])})
    if order["point"]:
        module, name, when, schema = order["point"].split(":")
        room = import_module(module)
        setattr(room, name, deadly(getattr(room, name), when, schema))
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
