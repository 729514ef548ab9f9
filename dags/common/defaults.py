"""What every DAG of Alluvium has in common."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import CronPartitionTimetable

from alluvium.settings import get_settings

# Without a tolerance for ticks just missed: what is unpaused waits for its next tick, and starts no run that
# nobody asked for.
CLOCK: dict[str, Any] = {"timezone": get_settings().business_time_zone, "run_immediately": timedelta(0)}

# One run at a time: identity, snapshots, segments and audiences have a memory and move forward only.
# No retries here: `AIRFLOW__CORE__DEFAULT_TASK_RETRIES` says how often; every task can be repeated.
NIGHTLY: dict[str, Any] = {
    "catchup": False,
    "max_active_runs": 1,
    "max_active_tasks": 1,
    "default_args": {"owner": "data-engineering"},
}


def for_the_day_before(cron: str) -> CronPartitionTimetable:
    """Runs by the clock of the business; the partition key is the day that has just ended, as YYYY-MM-DD.

    The cron expression must tick once a day: the key is the day of the tick before.
    """
    return CronPartitionTimetable(cron, run_offset=-1, key_format="%Y-%m-%d", **CLOCK)


def for_all_days_before(cron: str) -> CronPartitionTimetable:
    """Runs by the clock of the business, less often than daily; the key says `before-YYYY-MM-DD`.

    The tick before is not yesterday here, so the key names the day of the run, and the run date is the day
    before it.
    """
    return CronPartitionTimetable(cron, key_format="before-%Y-%m-%d", **CLOCK)


def for_the_moment(cron: str) -> CronPartitionTimetable:
    """Runs by the clock of the business; the partition key is that moment, as YYYY-MM-DDTHH:MM local time."""
    return CronPartitionTimetable(cron, key_format="%Y-%m-%dT%H:%M", **CLOCK)
