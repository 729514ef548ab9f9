"""The one place that reads which day, or which moment, a run is for.

A scheduler hands it on as the partition key, since a run that an asset triggers has no logical date. A run
by hand and `alluvium night` know no partition key and give a logical date, whose UTC day counts as written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alluvium.errors import UsageError
from alluvium.settings import get_settings

BEFORE = "before-"  # A key such as before-2017-11-05 stands for the run date 2017-11-04.


def run_date(context: Mapping[str, Any]) -> date:
    """The day that the run is for.

    Raises UsageError when the run has neither a partition key nor a logical date.
    """
    run = context["dag_run"]
    if not run.partition_key:
        return _logical_date(run).date()
    if run.partition_key.startswith(BEFORE):
        return _parsed(run.partition_key.removeprefix(BEFORE)).date() - timedelta(days=1)
    return _parsed(run.partition_key).date()


def as_of(context: Mapping[str, Any]) -> datetime:
    """The moment that the run is for, in UTC: for runs within a day."""
    run = context["dag_run"]
    if not run.partition_key:
        return _logical_date(run)
    zone = ZoneInfo(get_settings().business_time_zone)
    return _parsed(run.partition_key).replace(tzinfo=zone).astimezone(UTC)


def _parsed(partition_key: str) -> datetime:
    try:
        return datetime.fromisoformat(partition_key)
    except ValueError:
        raise UsageError(
            f"{partition_key!r} is no run date",
            where="partition key",
            do="Use YYYY-MM-DD, such as 2017-11-01",
        ) from None


def _logical_date(run: Any) -> datetime:
    if run.logical_date is None:
        raise UsageError("The run has no date", do="Trigger it with a partition key such as 2017-11-01")
    return run.logical_date.astimezone(UTC)
