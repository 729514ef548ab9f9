"""Run a job by its name, and note the run in `ops.runs`.

A job is a module with `run(spark, config)`: `ingest.load` is `spark_jobs.ingest.load`, `churn.score` is
`models.churn.score`; a gate such as `expectations.gold` is a job too. It gets a run date and makes that
date's result, the same each time.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from deltalake.exceptions import DeltaError

from alluvium import alerts, catalog
from alluvium.errors import AlluviumError, UsageError
from alluvium.lake import ledger
from alluvium.privacy.redact import redact
from alluvium.settings import Settings, get_settings
from alluvium.spark.session import connect, on_demand

ROOMS = ("spark_jobs", "models")
GATES = "expectations"
SUCCEEDED, FAILED = "succeeded", "failed"


@dataclass(frozen=True)
class JobConfig:
    """What a job is told: values, never the clock."""

    run_date: date
    settings: Settings
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def as_of_date(self) -> date:
        """The first day not seen."""
        return self.run_date + timedelta(days=1)

    @property
    def run_date_end(self) -> datetime:
        """The run date's end in UTC: local midnight after it."""
        zone = ZoneInfo(self.settings.business_time_zone)
        return datetime.combine(self.as_of_date, time_of_day.min, tzinfo=zone).astimezone(UTC)

    def is_set(self, option: str) -> bool:
        """Whether a yes/no option was given as true."""
        return self.options.get(option, "false").lower() in {"true", "1", "yes"}


def load(name: str) -> Callable[..., Mapping[str, int] | None]:
    """The `run` function of a job; raises UsageError when there is no such job."""
    room, _, file = name.partition(".")
    parents = [GATES] if room == GATES else [f"{package}.{room}" for package in ROOMS]
    for parent in parents:
        is_name = room.isidentifier() and file.isidentifier()
        if is_name and find_spec(parent) and find_spec(f"{parent}.{file}"):
            run = getattr(import_module(f"{parent}.{file}"), "run", None)
            if callable(run):
                return run  # type: ignore[no-any-return]
    raise UsageError(f"There is no job {name!r}", do="`alluvium job --list` shows them")


def by_hand(name: str, run_date: date, options: Mapping[str, str]) -> str:
    """The command that does the same from a terminal."""
    flags = "".join(f" --option {shlex.quote(f'{key}={value}')}" for key, value in sorted(options.items()))
    return f"alluvium job {name} --run-date {run_date}{flags}"


@dataclass
class Run:
    """One line of `ops.runs` while it is being lived through."""

    job: str
    run_date: date
    counts: dict[str, Any] = field(default_factory=dict)
    table_versions: dict[str, int] | None = None
    run_id: str = field(default_factory=lambda: uuid4().hex)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _started: float = field(default_factory=time.perf_counter)

    def row(self, status: str, error: str | None = None) -> dict[str, Any]:
        """The ledger row."""
        return {
            "run_id": self.run_id,
            "job": self.job,
            "run_date": self.run_date,
            "status": status,
            "started_at": self.started_at,
            "finished_at": datetime.now(UTC),
            "seconds": round(time.perf_counter() - self._started, 3),
            "counts": json.dumps(self.counts, sort_keys=True, default=str),
            "error": error,
            "table_versions": json.dumps(self.table_versions, sort_keys=True)
            if self.table_versions
            else None,
        }


def explain(error: Exception) -> str:
    """The first line of an error, without values of rows."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    if "No space left on device" in str(error):
        text = "The disk is full. Free some space and run the same command again"
    return redact(text)[:500]


def _note_failure(run: Run, error: Exception, settings: Settings | None) -> None:
    """Note the failure and tell; a home that cannot be written must not hide what went wrong."""
    with suppress(OSError, DeltaError):
        ledger.append(catalog.OPS_RUNS, [run.row(FAILED, explain(error))], settings)
    alerts.send(settings or get_settings(), "job_failed", run.job, run.run_date, explain(error))


def recorded(
    job: str, run_date: date, work: Callable[[], Mapping[str, Any] | None], settings: Settings | None = None
) -> dict[str, Any]:
    """Do the work and note in `ops.runs` how it went; returns the counts that it gave."""
    run = Run(job, run_date)
    try:
        run.counts = dict(work() or {})
    except AlluviumError as error:
        _note_failure(run, error, settings)
        raise
    except Exception as error:
        _note_failure(run, error, settings)
        raise AlluviumError(f"{job} failed: {explain(error)}", where=f"run date {run_date}") from error
    ledger.append(catalog.OPS_RUNS, [run.row(SUCCEEDED)], settings)
    return run.counts


def run_job(
    name: str, run_date: date, options: Mapping[str, str] | None = None, settings: Settings | None = None
) -> dict[str, Any]:
    """Run one job in a Spark session of its own; gates read without Spark. Returns its counts.

    Raises AlluviumError when the job failed, UsageError when there is no such job.
    """
    settings = settings or get_settings()
    work = load(name)
    config = JobConfig(run_date, settings, dict(options or {}))

    def run_it() -> Mapping[str, int] | None:
        with _session_of(name, work, settings) as spark:
            return work(spark, config)

    return recorded(name, run_date, run_it, settings)


def _session_of(name: str, work: Callable[..., Any], settings: Settings) -> AbstractContextManager[Any]:
    """Gates need no Spark; a job whose module sets SPARK_ON_DEMAND opens it when it has many rows."""
    if name.startswith(f"{GATES}."):
        return nullcontext()
    is_lazy = getattr(import_module(work.__module__), "SPARK_ON_DEMAND", False)
    return on_demand(settings) if is_lazy else connect(settings)


NIGHT = "night"


def finish_night(run_date: date, settings: Settings | None = None) -> None:
    """Say that the night is done: one row of `ops.runs` with the version of every table."""
    settings = settings or get_settings()
    run = Run(NIGHT, run_date, table_versions=ledger.versions(settings))
    ledger.append(catalog.OPS_RUNS, [run.row(SUCCEEDED)], settings)


def finished_nights(settings: Settings | None = None) -> list[dict[str, Any]]:
    """The last successful run of each night, oldest run date first, with its `table_versions` as a dict."""
    rows = ledger.rows(catalog.OPS_RUNS, settings)
    done = sorted(
        (r for r in rows if r["job"] == NIGHT and r["status"] == SUCCEEDED), key=lambda r: r["finished_at"]
    )
    newest = {
        row["run_date"]: {**row, "table_versions": json.loads(row["table_versions"] or "{}")} for row in done
    }
    return [newest[day] for day in sorted(newest)]
