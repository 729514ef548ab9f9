"""dbt in a process of its own, started by `alluvium.dbt.waiting`: reads dbt, then its order, then runs it.

The order comes on standard input as JSON: `arguments` of dbt, and the `environment` that they are for.
dbt keeps what it has read for as long as its process lives and leaves its Spark session open; here the
session is ended and the memory goes with the process.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings

from alluvium.leaving import prepare


def _quieten() -> None:
    warnings.simplefilter("ignore")
    for name in ("SQLQueryContextLogger", "pyspark.sql.connect.logging", "pyspark.sql.connect.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _stop_session() -> None:
    from pyspark.sql.connect.session import SparkSession

    if session := SparkSession.getActiveSession():
        session.stop()


def main() -> int:
    """Run one dbt command; returns dbt's exit code (0 good, 1 something failed, 2 dbt could not start)."""
    _quieten()
    from dbt.cli.main import dbtRunner

    order = sys.stdin.read()
    if not order:  # Nobody needs it any more.
        return 0
    wanted = json.loads(order)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    try:
        result = dbtRunner().invoke(wanted["arguments"])
    finally:
        _stop_session()
    if result.success:
        return 0
    return 2 if result.exception else 1


if __name__ == "__main__":
    leaving = prepare()
    leaving.code = main()
    sys.exit(leaving.code)
