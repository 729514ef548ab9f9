"""Airflow's home for nights without a scheduler: a small database of its own, quiet, nothing sent anywhere.

The database holds nothing worth keeping (`ops.runs` is the ledger of nights), so a new version of Airflow
just makes a new one. A scheduler has another: it would pick up the runs of a night and do them again.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from filelock import FileLock

from alluvium.errors import AlluviumError
from alluvium.privacy.redact import redact
from alluvium.settings import CHECKOUT, Settings

if TYPE_CHECKING:
    from airflow.sdk import DAG

DAGS = CHECKOUT / "dags"
# What the first run of a DAG imports anyway; early, while the Spark server starts.
SLOW_IMPORTS = (
    "airflow.dag_processing.dagbag",
    "airflow.api_fastapi.execution_api.app",
    "pyspark.sql.connect.session",
)
LARGEST_LOG_BYTES = 10_000_000
QUIET = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
    "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "SCARF_ANALYTICS": "false",
    "DO_NOT_TRACK": "1",
}


def environment(settings: Settings) -> dict[str, str]:
    """The variables that Airflow reads when it is imported, for a night in one process."""
    database = settings.airflow / f"night-{version('apache-airflow-core')}.db"
    return {
        **QUIET,
        "AIRFLOW_HOME": str(settings.airflow),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        # A person is waiting: fail at once, and say why.
        "AIRFLOW__CORE__DEFAULT_TASK_RETRIES": "0",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(settings.airflow / "plugins"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{database}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(settings.logs / "airflow"),
    }


class Redacted:
    """A text file that takes personal data and secrets out of what is written to it."""

    encoding = "utf-8"

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write the text without what names a person."""
        return self._file.write(redact(text))

    def flush(self) -> None:
        """As of any file."""
        self._file.flush()

    def isatty(self) -> bool:
        """Never: no colours in a log."""
        return False


def prepare(settings: Settings) -> Path:
    """Import Airflow with its home under `settings.airflow`, its logs in a file, its database ready.

    Returns the log file. Most of its 5 to 10 s are imports: run it while the Spark server starts.
    """
    os.environ.update(environment(settings))
    settings.airflow.mkdir(parents=True, exist_ok=True)
    settings.logs.mkdir(parents=True, exist_ok=True)
    log = settings.logs / "night.log"
    _log_to(log)
    for module in SLOW_IMPORTS:
        import_module(module)
    _migrate(settings)
    return log


def _log_to(log: Path) -> None:
    import airflow  # noqa: F401  (configures logging to stdout, which is undone below)
    from airflow.sdk.log import configure_logging

    if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    output: Any = Redacted(log.open("a", encoding="utf-8", buffering=1))
    configure_logging(output=output, cache_logger_on_first_use=False)


def _migrate(settings: Settings) -> None:
    from airflow.utils import db

    name = environment(settings)["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].removeprefix("sqlite:///")
    done = Path(f"{name}.ready")
    with FileLock(settings.airflow / "migrate.lock"):
        if not (done.exists() and Path(name).exists()):
            db.initdb()
            done.touch()


def load_dags(folder: Path = DAGS) -> dict[str, DAG]:
    """All DAGs of the folder by their id.

    Raises AlluviumError naming the file when one cannot be imported.
    """
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(folder))
    for file, trace in bag.import_errors.items():
        raise AlluviumError(f"The DAG file does not import: {trace.strip().splitlines()[-1]}", where=file)
    return dict(bag.dags)
