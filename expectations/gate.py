"""A gate: measure the border, judge it, keep what was seen, and stop the night when a check says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from importlib import import_module
from importlib.util import find_spec

from alluvium import alerts
from alluvium.errors import AlluviumError, UsageError
from alluvium.job import JobConfig
from alluvium.settings import Settings
from expectations.judge import judge
from expectations.result import CheckResult, keep

SUITES = ("bronze", "silver", "silver_keys", "identity", "gold", "ml", "published")


def run_suite(name: str, run_date: date, settings: Settings, *, with_docs: bool = False) -> list[CheckResult]:
    """Judge the tables of one border for a run date; nothing is written but, if asked, its page.

    Raises UsageError when there is no such suite.
    """
    if name not in SUITES or not find_spec(f"expectations.{name}"):
        raise UsageError(f"There is no suite {name!r}", do=f"Known are {', '.join(SUITES)}")
    suite = import_module(f"expectations.{name}")
    docs = settings if with_docs else None
    found = judge(suite.SUITE, suite.figures(settings, run_date), run_date, docs)
    more = getattr(suite, "learned_results", None)
    return found + more(settings, run_date) if more else found


def stand(name: str, config: JobConfig) -> dict[str, int]:
    """Run a suite as a job: results go to `ops.checks`, a check of severity stop that failed is an error."""
    results = run_suite(name, config.run_date, config.settings, with_docs=True)
    keep(results, config.settings)
    if stopping := [result for result in results if result.stops]:
        raise _stopped(name, stopping)
    warnings = [result for result in results if result.warns]
    if warnings:
        lines = [_said(warning) for warning in warnings]
        what = f"{len(warnings)} checks warn"
        alerts.send(config.settings, "gate_warns", f"expectations.{name}", config.run_date, what, lines)
    return {"checks": len(results), "warnings": len(warnings)}


def _said(result: CheckResult) -> str:
    return f"{result.table_name}: {result.check_name} is {result.observed}, expected {result.details}"


def _stopped(name: str, stopping: Sequence[CheckResult]) -> AlluviumError:
    first = stopping[0]
    more = f", and {len(stopping) - 1} more" if len(stopping) > 1 else ""
    failed = f"select * from ops.checks where run_date = '{first.run_date}' and status = 'failed'"
    return AlluviumError(
        f"The gate {name!r} is shut: {first.check_name} is {first.observed}, expected {first.details}{more}",
        where=first.table_name,
        do=f'Look with: alluvium sql "{failed}"',
    )
