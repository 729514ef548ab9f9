"""A night without a scheduler: the DAGs of the nightly chain, one after the other, in this process.

The DAGs are the same that a scheduler runs, and their assets say in which order.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from alluvium import dbt
from alluvium.errors import AlluviumError
from alluvium.nights import airflow, turn
from alluvium.nights.dag_order import in_order, links, nightly
from alluvium.nights.night_progress import Failure, Progress, Watcher, watching
from alluvium.settings import Settings, get_settings
from alluvium.spark import spark_server

if TYPE_CHECKING:
    from airflow.sdk import DAG

INGEST, TRAINING = "ingest_events", "train_models"


@dataclass(frozen=True)
class Night:
    """What is to be run for one date. `dags` empty means the whole nightly chain."""

    run_date: date
    dags: Collection[str] = ()
    train: bool = False
    initial: bool = False


@dataclass
class Nights:
    """Runs nights one after the other; made by `ready`."""

    settings: Settings
    dags: dict[str, DAG]
    watcher: Watcher = field(repr=False)

    def order(self, night: Night) -> list[str]:
        """The DAGs of this night, in the order of their assets."""
        known = {name: links(dag) for name, dag in self.dags.items()}
        wanted = set(night.dags or nightly(known)) | ({TRAINING} if night.train else set())
        return in_order(known, wanted)

    def run(self, night: Night) -> None:
        """Run one night. Raises AlluviumError with the task, the reason and what to do when it fails."""
        dbt.prepare()
        for dag_id in self.order(night):
            # Said each time: a value that Airflow once took from a run's conf stays with the DAG's parameter.
            conf = {"initial": night.initial} if dag_id == INGEST else {}
            self._run_dag(dag_id, night.run_date, conf)

    def _run_dag(self, dag_id: str, run_date: date, conf: dict[str, Any]) -> None:
        self.watcher.failures.clear()
        midnight = datetime(run_date.year, run_date.month, run_date.day, tzinfo=UTC)
        # A copy: Airflow fills templates in where they stand, and they would stay filled for the next night.
        run = deepcopy(self.dags[dag_id]).test(logical_date=midnight, run_conf=conf)
        if self.watcher.failures:
            raise stopped(run_date, self.watcher.failures[0])
        if run.state != "success":
            raise AlluviumError(
                f"The DAG {dag_id} ended as {run.state}", where=str(self.settings.logs / "night.log")
            )


def stopped(run_date: date, failure: Failure) -> AlluviumError:
    """One line: which task, why, and what to do."""
    error = failure.error
    what = error.what if isinstance(error, AlluviumError) else f"{type(error).__name__}, see the log"
    advice = f"{error.do}. " if isinstance(error, AlluviumError) and error.do else ""
    return AlluviumError(
        f"The night of {run_date} stopped at {failure.dag_id}, task {failure.task_id}: {what}",
        where=getattr(error, "where", None),
        do=f"{advice}What was published stays. Next: infra/runbooks/{failure.dag_id}.md",
    )


@contextmanager
def ready(progress: Progress, settings: Settings | None = None) -> Iterator[Nights]:
    """Everything that nights need: the Spark server, held, and Airflow with the DAGs loaded.

    Raises AlluviumError when another night is running in this home.
    """
    settings = settings or get_settings()
    wait = "Wait for it to end: `alluvium status` shows it"
    with (
        turn.alone(settings, "Another night is running", wait),
        ThreadPoolExecutor(max_workers=1) as meanwhile,
    ):
        prepared = meanwhile.submit(airflow.prepare, settings)
        with _spark(settings):
            prepared.result()
            with watching(progress) as watcher, _dbt_dismissed():
                yield Nights(settings, airflow.load_dags(), watcher)


@contextmanager
def _dbt_dismissed() -> Iterator[None]:
    try:
        yield
    finally:
        dbt.dismiss()


def _spark(settings: Settings) -> Any:
    return nullcontext() if os.environ.get("SPARK_REMOTE") else spark_server.hold(settings)


def plan(run_dates: Sequence[date], last_finished: date | None) -> list[Night]:
    """What to run for these dates, oldest first.

    What has a memory moves forward only: dates before the last finished night are loaded, and then that night
    is repeated, once, with what they brought.
    """
    ahead = [Night(day) for day in sorted(run_dates) if last_finished is None or day >= last_finished]
    late = [Night(day, dags=(INGEST,)) for day in sorted(run_dates) if last_finished and day < last_finished]
    if late and last_finished and last_finished not in run_dates:
        late.append(Night(last_finished))
    return late + ahead
