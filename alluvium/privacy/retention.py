"""How long each class of data is kept, and which of its days are over. Which job takes them away: maintain.

What a person's own records say (contact details, choices) is kept until they are erased. What cards and
devices did, files, scores and ledgers are kept for a time, counted by run date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from deltalake import DeltaTable, QueryBuilder

from alluvium import catalog
from alluvium.contracts import contract
from alluvium.lake import driver_delta
from alluvium.settings import Settings
from alluvium.table import Table
from alluvium.tables import ingest

# Days by class; a company sets its own with ALLUVIUM_RETENTION_DAYS='{"landing": 90}'.
DAYS: Mapping[str, int] = {
    "landing": 400,
    "exports": 400,
    "reports": 400,
    "logs": 90,
    "quarantine": 400,
    "bronze_events": 1100,
    "pii_events": 400,
}
# By which column a table's rows grow old, first that it has.
BY_COLUMN = ("_run_date", "as_of_date", "run_date")
# A chain from which links are taken is broken: the trail stays whole.
WHOLE = frozenset({"ops.audit"})


@dataclass(frozen=True)
class Limit:
    """How long a table or folder is kept: `name` is the table or the folder under the home."""

    name: str
    class_name: str
    days: int
    column: str | None = None

    @property
    def is_table(self) -> bool:
        """Whether it is a table of the lake."""
        return self.column is not None

    def oldest_kept(self, run_date: date) -> date:
        """The first day that stays."""
        return run_date - timedelta(days=self.days)


@dataclass(frozen=True)
class Day:
    """One day of what a limit is about; `path` is its folder or file, None for rows of a table."""

    on: date
    path: Path | None = None


def days_of(settings: Settings) -> dict[str, int]:
    """Days by class, as the company set them."""
    return {**DAYS, **dict(settings.retention_days)}


def limits(settings: Settings) -> list[Limit]:
    """Everything that is kept for a time."""
    days = days_of(settings)
    folders = [Limit(name, name, days[name]) for name in ("landing", "exports", "reports", "logs")]
    return folders + sorted(_of_tables(settings, days), key=lambda limit: limit.name)


def _of_tables(settings: Settings, days: Mapping[str, int]) -> Iterator[Limit]:
    yield Limit(ingest.PII_QUARANTINE.full_name, "quarantine", days["quarantine"], "run_date")
    for name, class_name in _tables_of_events(settings.sources):
        yield Limit(name, class_name, days[class_name], "_run_date")
    for table in catalog.TABLES.values():
        column = _column(table)
        if table.retention_days and column and table.full_name not in WHOLE:
            name = f"{table.schema}_{table.retention_days}"
            yield Limit(table.full_name, name, days.get(name, table.retention_days), column)


def _tables_of_events(sources: Path) -> Iterator[tuple[str, str]]:
    """Tables with what cards and devices did, and their class.

    A person's own records feed identity: without them nobody could be recognised again.
    """
    for each in contract.load_all(sources):
        if each.event_time and each.record_kind != "person":
            yield ingest.bronze(each).full_name, "bronze_events"
            if twin := ingest.pii_twin(each):
                yield twin.full_name, "pii_events"


def _column(table: Table) -> str | None:
    return next((name for name in BY_COLUMN if name in (table.columns or {})), None)


def days_held(settings: Settings, limit: Limit) -> list[Day]:
    """Every day there is of something, oldest first."""
    found = _of_table(settings, limit) if limit.is_table else _FOLDERS[limit.name](settings)
    return sorted(found, key=lambda day: (day.on, str(day.path)))


def overdue(settings: Settings, limit: Limit, run_date: date) -> list[Day]:
    """The days that are over by then."""
    return [day for day in days_held(settings, limit) if day.on < limit.oldest_kept(run_date)]


def states(settings: Settings, run_date: date) -> list[dict[str, Any]]:
    """For each limit that has anything: name, class, days, oldest day, and how many days are over."""
    found = []
    for limit in limits(settings):
        days = {day.on for day in days_held(settings, limit)}
        if days:
            over = sum(day < limit.oldest_kept(run_date) for day in days)
            found.append(
                {"name": limit.name, "class": limit.class_name, "days": limit.days}
                | {"oldest": min(days), "days_over": over}
            )
    return found


def _of_table(settings: Settings, limit: Limit) -> list[Day]:
    path = settings.lake / limit.name.replace(".", "/", 1)
    if not DeltaTable.is_deltatable(str(path)):
        return []
    query = f"SELECT DISTINCT CAST({limit.column} AS DATE) AS day FROM t"
    rows = driver_delta.as_arrow(QueryBuilder().register("t", DeltaTable(str(path))).execute(query))
    return [Day(day) for day in rows["day"].to_pylist() if day is not None]


def _landing(settings: Settings) -> list[Day]:
    folders = settings.landing.glob("*/*/run_date=*")
    return [Day(date.fromisoformat(path.name.partition("=")[2]), path) for path in folders]


def _exports(settings: Settings) -> list[Day]:
    """One folder for each night, platform and segment."""
    return [
        Day(night, path)
        for folder in settings.exports.glob("*")
        if (night := _as_date(folder.name))
        for path in folder.glob("*/*")
        if path.is_dir()
    ]


def _reports(settings: Settings) -> list[Day]:
    return [Day(day, path) for path in settings.reports.glob("*.html") if (day := _as_date(path.stem))]


def _logs(settings: Settings) -> list[Day]:
    files = (path for path in settings.logs.rglob("*") if path.is_file())
    return [Day(datetime.fromtimestamp(path.stat().st_mtime, UTC).date(), path) for path in files]


def _as_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


_FOLDERS = {"landing": _landing, "exports": _exports, "reports": _reports, "logs": _logs}
