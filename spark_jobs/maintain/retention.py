"""Take away the days that are over their time, class by class.

Reads   ops.legal_holds, identity.customer_records, published.audience_members, dates of tables and folders
Writes  tables without these days, one commit each where there is one; folders of landing, exports, reports,
        logs are gone
Rerun   nothing is left to do
Options dry_run: count only

The clock is the run date. A day stays while a hold is on its class, its table, or a customer who is in it;
an exported night stays while a platform still has somebody from it: an erasure needs the line.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from alluvium.job import JobConfig
from alluvium.lake import driver_delta, lake_sql
from alluvium.privacy import holds, retention
from alluvium.privacy.holds import Hold
from alluvium.privacy.retention import Day, Limit
from alluvium.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SPARK_ON_DEMAND = True  # Partitions go by the Delta library.
PERSON_COLUMNS = ("record_key", "customer_id")
RECORDS = (
    "SELECT DISTINCT record_key FROM identity.customer_records WHERE customer_id IN (SELECT id FROM held)"
)
STAYS = (
    "SELECT DISTINCT platform, segment, CAST(entered_at AS DATE) FROM published.audience_members "
    "WHERE left_at IS NULL"
)


@dataclass(frozen=True)
class Kept:
    """What must stay whatever its age."""

    holds: list[Hold]
    keys: frozenset[str]
    stays: frozenset[tuple[str, str, date]]

    def has(self, limit: Limit) -> bool:
        """Whether a hold is on the whole of it."""
        return any(hold.scope in (limit.name, limit.class_name) for hold in self.holds)


def _query(settings: Settings, query: str, ids: Iterable[str]) -> list[tuple[object, ...]]:
    """Answer over the lake with the ids in a table `held`: a plan and a log never name a key."""
    import pyarrow as pa

    view = lake_sql.View(settings, with_pii=True)
    opened = lake_sql.connection(view)
    opened.register("held", pa.table({"id": pa.array(sorted(ids), pa.string())}))
    return lake_sql.answer(opened, view, query).fetchall()


def kept(settings: Settings) -> Kept:
    """The holds that stand, everything that stands for held customers, and who is with a platform."""
    there = set(lake_sql.tables(lake_sql.View(settings, with_pii=True)))
    standing = holds.standing(settings)
    keys = holds.customers(standing)
    if keys and "identity.customer_records" in there:
        keys |= {str(row[0]) for row in _query(settings, RECORDS, keys)}
    has_stays = "published.audience_members" in there
    stays = frozenset(_query(settings, STAYS, ())) if has_stays else frozenset()
    return Kept(standing, frozenset(keys), stays)  # type: ignore[arg-type]


def due(settings: Settings, limit: Limit, run_date: date, must_stay: Kept) -> list[Day]:
    """The days that are over and that nothing holds."""
    days = retention.overdue(settings, limit, run_date)
    if not days or must_stay.has(limit):
        return []
    if limit.name == "exports":
        return [day for day in days if not _is_with_platform(day, must_stay)]
    if limit.name == "landing":
        return [day for day in days if day.on not in _days_of_held(settings, _bronze_of(day), must_stay)]
    if limit.is_table:
        held = _days_of_held(settings, limit, must_stay)
        return [day for day in days if day.on not in held]
    return days


def _is_with_platform(day: Day, must_stay: Kept) -> bool:
    assert day.path is not None
    return (day.path.parent.name, day.path.name, day.on) in must_stay.stays


def _bronze_of(day: Day) -> Limit:
    """The table that says who is in a landing folder."""
    assert day.path is not None
    source, entity = day.path.parts[-3:-1]
    return Limit(f"bronze.{source}_{entity}", "", 0, "_run_date")


def _days_of_held(settings: Settings, limit: Limit, must_stay: Kept) -> set[object]:
    """Days of a table on which a held customer has a row."""
    from deltalake import DeltaTable

    path = settings.lake / limit.name.replace(".", "/", 1)
    if not must_stay.keys or not DeltaTable.is_deltatable(str(path)):
        return set()
    there = {field.name for field in DeltaTable(str(path), without_files=True).schema().fields}
    named = [name for name in PERSON_COLUMNS if name in there]
    if not named:
        return set()
    whose = " OR ".join(f"coalesce({name} IN (SELECT id FROM held), false)" for name in named)
    schema, _, name = limit.name.partition(".")
    rows = f"{schema}.{name}{lake_sql.HISTORY if lake_sql.is_sliced(schema, name) else ''}"
    query = f"SELECT DISTINCT CAST({limit.column} AS DATE) FROM {rows} WHERE {whose}"
    return {row[0] for row in _query(settings, query, must_stay.keys)}


def remove(settings: Settings, limit: Limit, days: list[Day]) -> None:
    """Take the days away: rows in one commit, folders and files one by one."""
    if limit.is_table and days:
        dates = ", ".join(f"DATE '{day.on}'" for day in days)
        driver_delta.delete(settings.lake / limit.name.replace(".", "/", 1), f"{limit.column} IN ({dates})")
        return
    for day in days:
        assert day.path is not None
        if day.path.is_dir():
            shutil.rmtree(day.path)
        else:
            day.path.unlink(missing_ok=True)


def enforce(settings: Settings, run_date: date, *, is_dry: bool = False) -> dict[str, int]:
    """Days that were over, by table or folder; none of them is there any more unless it is a dry run."""
    must_stay = kept(settings)
    found = {limit: due(settings, limit, run_date, must_stay) for limit in retention.limits(settings)}
    if not is_dry:
        for limit, days in found.items():
            remove(settings, limit, days)
    return {limit.name: len(days) for limit, days in found.items() if days}


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """Enforce every limit as of the run date; counts the days taken away by table or folder."""
    return enforce(config.settings, config.run_date, is_dry=config.is_set("dry_run"))
