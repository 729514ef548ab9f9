"""dbt in a process of its own, started by `alluvium.dbt`: `python -m alluvium.dbt_process build ...`.

dbt keeps what it has read for as long as its process lives and leaves its Spark session open; here the
session is ended and the memory goes with the process.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Sequence

from alluvium.leaving import prepare


def _quieten() -> None:
    warnings.simplefilter("ignore")
    for name in ("SQLQueryContextLogger", "pyspark.sql.connect.logging", "pyspark.sql.connect.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _stop_session() -> None:
    from pyspark.sql.connect.session import SparkSession

    if session := SparkSession.getActiveSession():
        session.stop()


def main(arguments: Sequence[str]) -> int:
    """Run one dbt command; returns dbt's exit code (0 good, 1 something failed, 2 dbt could not start)."""
    _quieten()
    from dbt.cli.main import dbtRunner

    try:
        result = dbtRunner().invoke(list(arguments))
    finally:
        _stop_session()
    if result.success:
        return 0
    return 2 if result.exception else 1


if __name__ == "__main__":
    leaving = prepare()
    leaving.code = main(sys.argv[1:])
    sys.exit(leaving.code)
