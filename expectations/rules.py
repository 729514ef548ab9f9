"""The few kinds of rule that suites are made of."""

from __future__ import annotations

from great_expectations.expectations import Expectation, ExpectColumnValuesToBeBetween
from great_expectations.expectations.metadata_types import FailureSeverity

from expectations.result import STOP

_SEVERITY = {"stop": FailureSeverity.CRITICAL, "warn": FailureSeverity.WARNING}


def between(
    figure: str, least: float | None = None, most: float | None = None, *, severity: str = STOP
) -> Expectation:
    """The figure lies within the bounds, both included, for every table that has it."""
    return ExpectColumnValuesToBeBetween(
        column=figure, min_value=least, max_value=most, severity=_SEVERITY[severity]
    )


def none(figure: str, *, severity: str = STOP) -> Expectation:
    """The figure counts what must not be: it is 0."""
    return between(figure, 0, 0, severity=severity)
