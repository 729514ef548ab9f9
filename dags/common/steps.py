"""What a task does: it calls one piece of work by name, with the run date and nothing else.

Rooms are imported when a task runs, never when a DAG file is parsed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import date
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from alluvium.errors import AlluviumError
from dags.common.run_date import as_of, run_date

FAILED = {"failed", "upstream_failed"}


class Step(BaseOperator):
    """One piece of work that a person can repeat with one command."""

    @abstractmethod
    def command(self, day: date) -> str:
        """The command that does the same from a terminal."""

    @abstractmethod
    def work(self, day: date) -> Mapping[str, Any] | None:
        """Do it; returns counts."""

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Say the command, then do the work."""
        day = run_date(context)
        self.log.info(self.command(day))
        try:
            return dict(self.work(day) or {})
        except AlluviumError as error:
            # Without what caused it: the message was cleaned of row values, the cause was not.
            raise error from None

    def on_kill(self) -> None:
        """End the work: Airflow catches SIGTERM, calls this, and would otherwise go on as if nothing was."""
        raise KeyboardInterrupt


class JobStep(Step):
    """Runs a job such as `ingest.load`. `moment` also hands over the run's time, as option `as_of`."""

    template_fields = ("options",)

    def __init__(self, *, job: str, options: Mapping[str, str], moment: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job
        self.options = dict(options)
        self.moment = moment

    def command(self, day: date) -> str:
        """`alluvium job <name> --run-date D --option key=value`."""
        from alluvium.job import by_hand

        return by_hand(self.job, day, self.given)

    def work(self, day: date) -> Mapping[str, Any]:
        """A Spark session of its own, and a line in `ops.runs`."""
        from alluvium.job import run_job

        return run_job(self.job, day, self.given)

    @property
    def given(self) -> dict[str, str]:
        """The options whose template came to something."""
        return {name: value for name, value in self.options.items() if value}

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Fill in the moment of the run, then as every step."""
        if self.moment:
            self.options["as_of"] = as_of(context).isoformat()
        return super().execute(context)


class FinishStep(Step):
    """Says that the night is done: from here on readers see it."""

    def command(self, day: date) -> str:
        """There is no smaller command: a night is finished when its last DAG is."""
        return f"alluvium night --run-date {day} --only-dags {self.dag_id}"

    def work(self, day: date) -> None:
        """One row in `ops.runs` with the version of every table."""
        from alluvium.job import finish_night

        finish_night(day)


class ReportStep(JobStep):
    """Writes the page of the morning, last and also after a failure."""

    def __init__(self, *, only_after_failure: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.only_after_failure = only_after_failure

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Skip when a later DAG will write the page."""
        if self.only_after_failure and not _has_failed(context):
            raise AirflowSkipException("Nothing failed: the last DAG of the night writes the report")
        return super().execute(context)


def _has_failed(context: Mapping[str, Any]) -> bool:
    states = context["ti"].get_task_states(context["dag"].dag_id, run_ids=[context["run_id"]])
    return bool(FAILED & set(states.get(context["run_id"], {}).values()))
