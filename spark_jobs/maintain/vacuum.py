"""Remove files that no version within retention needs.

Reads   every Delta table
Writes  nothing; files that were replaced longer ago than the retention are gone, and with them older versions
Rerun   nothing is left to do
Options table: only that one, no ledger; days: how long to keep, at least 7

This is the one job that goes by the clock of the machine and not by the run date: how long a version can be
read counts from when it was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pyspark.sql import SparkSession

from alluvium import catalog
from alluvium.errors import UsageError
from alluvium.job import JobConfig
from alluvium.lake import ledger
from spark_jobs.maintain.tables import Lying, lying

# Below it a reader or writer that is still at work could lose its files.
LEAST_DAYS = 7
TIME_TRAVEL_DAYS = {"pii": LEAST_DAYS}
USUAL_DAYS = 30


def retention_days(full_name: str, options: Mapping[str, str]) -> int:
    """How long replaced files of a table stay: 30 days, those of personal data 7; `days` overrules both.

    Raises UsageError below 7 days.
    """
    schema = full_name.partition(".")[0]
    days = int(options.get("days", TIME_TRAVEL_DAYS.get(schema, USUAL_DAYS)))
    if days < LEAST_DAYS:
        raise UsageError(
            f"{days} days are too few to keep", do=f"Versions stay for at least {LEAST_DAYS} days"
        )
    return days


def is_old_enough(table: Lying, days: int, now: datetime) -> bool:
    """Whether the table can have anything to remove: it is older than its retention."""
    created = table.created_at if table.created_at.tzinfo else table.created_at.replace(tzinfo=UTC)
    return now - created > timedelta(days=days)


def _ledgers(config: JobConfig) -> int:
    return sum(
        ledger.vacuum(table, retention_days(table.full_name, config.options), config.settings)
        for table in catalog.LEDGERS
    )


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """Vacuum each table by its retention; counts the tables looked at and those vacuumed."""
    now = datetime.now(UTC)
    tables = [
        (table, retention_days(table.full_name, config.options)) for table in lying(spark, config.options)
    ]
    due = [(table, days) for table, days in tables if is_old_enough(table, days, now)]
    for table, days in due:
        spark.sql(f"VACUUM {table.full_name} RETAIN {days * 24} HOURS")
    if "table" in config.options:
        return {"tables": len(tables), "vacuumed": len(due)}
    return {
        "tables": len(tables) + len(catalog.LEDGERS),
        "vacuumed": len(due) + _ledgers(config),
    }
