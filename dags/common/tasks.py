"""The words that DAG files are written in."""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk import Asset, BaseOperator

from dags.common.steps import FinishStep, JobStep, ReportStep


def job(
    name: str,
    *,
    inlets: Sequence[Asset] = (),
    outlets: Sequence[Asset] = (),
    moment: bool = False,
    **options: str,
) -> BaseOperator:
    """A task that runs one job; its options may be templates. `moment` adds the option `as_of`."""
    return JobStep(
        task_id=name, job=name, options=options, moment=moment, inlets=list(inlets), outlets=list(outlets)
    )


def expect(suite: str, *, outlets: Sequence[Asset] = ()) -> BaseOperator:
    """A gate: nothing to its right runs when a check of the suite says stop. Looking again would not help."""
    name = f"expectations.{suite}"
    return JobStep(task_id=name, job=name, options={}, outlets=list(outlets), retries=0)


def finish_night() -> BaseOperator:
    """A task that notes the versions of all tables: the night counts as done."""
    return FinishStep(task_id="finish_night")


def report(*, only_after_failure: bool) -> BaseOperator:
    """The page of the morning.

    A teardown, for two things that only it does together: it runs whatever failed before, and does not turn
    the failed run green.
    """
    name = "report.night"
    return ReportStep(task_id=name, job=name, options={}, only_after_failure=only_after_failure).as_teardown()
