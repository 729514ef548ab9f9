"""The commands of dbt that a night and the tests need.

dbt's own files (target, partial parse) lie in `<home>/dbt`, what it says in `<home>/logs/dbt.log`, redacted;
the checkout stays clean. See `dbt_project/README.md` for the variables.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from alluvium.dbt import results, waiting
from alluvium.dbt.results import DbtResult
from alluvium.privacy.redact import redact
from alluvium.settings import CHECKOUT, Settings, get_settings
from alluvium.spark import session, spark_server

PROJECT = CHECKOUT / "dbt_project"
GOOD = frozenset({"success", "pass", "no-op"})
OnLine = Callable[[str], None]


# Over a small lake plans are many and wide and rows are few: to interpret a plan is cheaper than to generate,
# compile and load code for it. Over a large one it is not: a night on 1.2 million order lines took 221 s.
FEW_ROWS_BYTES = 32 * 2**20
_FEW_ROWS = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.databricks.delta.stats.collect": "false",
}
_OF_A_NIGHT = {"ALLUVIUM_RUN_DATE", "ALLUVIUM_CHANGED_RUN_DATES", "ALLUVIUM_AS_OF_DATES"}


def prepare() -> None:
    """Let a process read dbt while others work; the next command takes it, or `dismiss` ends it."""
    waiting.prepare(PROJECT)


def build(
    run_date: date,
    *,
    select: str | None = None,
    exclude: str | None = None,
    full_refresh: bool = False,
    with_tests: bool = True,
    vars: Mapping[str, Any] | None = None,
    settings: Settings | None = None,
    on_line: OnLine | None = None,
) -> DbtResult:
    """Build models, seeds and snapshots, with their data tests if wanted, as of the end of run_date.

    `vars` adds to dbt's variables (`changed_run_dates`, `as_of_dates`); `on_line` hears of each node's end.
    Raises AlluviumError that names the first node that failed.
    """
    left_out = ["unit_test"] if with_tests else ["unit_test", "test"]
    flags = [part for kind in left_out for part in ("--exclude-resource-type", kind)]
    flags += ["--full-refresh"] if full_refresh else []
    return _run("build", run_date, [*flags, *_selection(select, exclude)], vars, settings, on_line)


def data_tests(run_date: date, *, select: str | None = None, settings: Settings | None = None) -> DbtResult:
    """Run dbt's data tests on what was built.

    Raises AlluviumError that names the first test that failed.
    """
    flags = ["--resource-type", "test", *_selection(select, None)]
    return _run("test", run_date, flags, None, settings, None)


def unit_tests(run_date: date, *, select: str | None = None, settings: Settings | None = None) -> DbtResult:
    """Run dbt's unit tests; their models must have been built once.

    Raises AlluviumError that names the first test that failed.
    """
    flags = ["--resource-type", "unit_test", *_selection(select, None)]
    return _run("test", run_date, flags, None, settings, None)


def docs(run_date: date, *, settings: Settings | None = None) -> Path:
    """Write dbt's documentation as one file that opens offline; returns its path.

    The catalogue of the lake is left out (it would ask Spark for each table); names, lineage, columns and
    tests are in it.
    """
    settings = settings or get_settings()
    flags = ["generate", "--static", "--empty-catalog", "--no-compile"]
    _run("docs", run_date, flags, None, settings, None)
    page = settings.reports / "warehouse.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    (_target(settings) / "static_index.html").replace(page)
    return page


def _target(settings: Settings) -> Path:
    return settings.home / "dbt" / "target"


def _selection(select: str | None, exclude: str | None) -> list[str]:
    chosen = ["--select", *select.split()] if select else []
    left_out = ["--exclude", *exclude.split()] if exclude else []
    return [*chosen, *left_out]


def _variables(run_date: date, settings: Settings, more: Mapping[str, Any] | None) -> dict[str, str]:
    """dbt's variables as it finds them in the environment; `macros/dates/run_date.sql` says why."""
    own = {
        "run_date": run_date,
        "business_time_zone": settings.business_time_zone,
        "currency": settings.currency,
        "session_settings": _session_settings(settings),
    }
    return {f"ALLUVIUM_{name.upper()}": _as_text(value) for name, value in {**own, **(more or {})}.items()}


def _as_text(value: Any) -> str:
    return str(value) if isinstance(value, str | date) else json.dumps(value, default=str)


def _environment(settings: Settings, variables: Mapping[str, str]) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if name not in _OF_A_NIGHT},
        **variables,
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_TARGET_PATH": str(_target(settings)),
        "DBT_LOG_LEVEL_FILE": "none",
        "DBT_LOG_PATH": str(settings.home / "dbt" / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "PYTHONWARNINGS": "ignore",
    }


def _session_settings(settings: Settings) -> dict[str, str]:
    remote = os.environ.get("SPARK_REMOTE", "")
    is_embedded = not remote or remote.startswith(f"sc://{spark_server.HOST}:")
    return _FEW_ROWS if is_embedded and _silver_bytes(settings) < FEW_ROWS_BYTES else {}


def _silver_bytes(settings: Settings) -> int:
    return sum(file.stat().st_size for file in (settings.lake / "silver").rglob("*.parquet"))


@contextmanager
def _server(settings: Settings) -> Iterator[None]:
    """The server that the caller holds, else one for as long as dbt runs."""
    if os.environ.get("SPARK_REMOTE"):
        yield
        return
    with session.connect(settings):
        yield


def _run(
    command: str,
    run_date: date,
    flags: Sequence[str],
    variables: Mapping[str, Any] | None,
    settings: Settings | None,
    on_line: OnLine | None,
) -> DbtResult:
    settings = settings or get_settings()
    path = _target(settings) / "run_results.json"
    path.unlink(missing_ok=True)
    # The flag of the log's format stands before the command, all others after it.
    arguments = ["--log-format", "json", command, *flags]
    with _server(settings):
        environment = _environment(settings, _variables(run_date, settings, variables))
        exit_code, complaints = _listen(arguments, environment, settings.logs, on_line or (lambda line: None))
    done = results.read(path)
    results.raise_if_failed(done, exit_code, complaints, settings.logs / "dbt.log")
    return done


def _listen(
    arguments: Sequence[str], environment: Mapping[str, str], logs: Path, on_line: OnLine
) -> tuple[int, list[str]]:
    """Run dbt, keep what it says in the log, pass on what people want to see, and collect its errors."""
    logs.mkdir(parents=True, exist_ok=True)
    process = waiting.start(PROJECT, arguments, environment)
    assert process.stdout is not None
    complaints: list[str] = []
    with (logs / "dbt.log").open("a", encoding="utf-8", buffering=1) as kept:
        for line in process.stdout:
            kind, level, text = _parsed(line)
            kept.write(redact(text) + "\n")
            if level == "error":
                complaints.append(text)
            if kind in {"LogModelResult", "LogTestResult", "LogSnapshotResult", "LogSeedResult"}:
                on_line(redact(text))
    return process.wait(), complaints


def _parsed(line: str) -> tuple[str, str, str]:
    """Name, level and text of one line; what dbt did not write itself is called stray."""
    try:
        info = json.loads(line)["info"]
    except (ValueError, KeyError, TypeError):
        return "", "stray", line.rstrip()
    return info["name"], info["level"], info["msg"]
