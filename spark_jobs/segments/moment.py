"""For which night, and up to which moment, segments are decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from alluvium import catalog
from alluvium.errors import UsageError
from alluvium.job import JobConfig
from alluvium.lake import ledger, stays
from spark_jobs.segments.header import SCHEDULES

CHANGED = "changed"
"""The table of the customers whom a partial refresh decides again: `customer_id`."""


@dataclass(frozen=True)
class Moment:
    """`night` names the stays that are written; a refresh writes those of the night to come.

    `schedule` is None for a night, which decides all segments. A refresh that is partial looks at the
    customers in CHANGED only. `loaded` is the newest run date of a source's events in gold, where it is
    known.
    """

    night: date
    run_date: date
    as_of: datetime
    schedule: str | None = None
    loaded: Mapping[str, date] = field(default_factory=dict)
    is_partial: bool = False

    @property
    def is_refresh(self) -> bool:
        """Whether it is a run within the day, over events that the warehouse does not have yet."""
        return self.schedule is not None

    @property
    def at(self) -> datetime:
        """The instant that stands for the night in the history."""
        return stays.night_at(self.night)

    @property
    def dates(self) -> Mapping[str, date]:
        """The values of a query's parameters."""
        return {
            "run_date": self.run_date,
            "as_of_date": self.run_date + timedelta(days=1),
            "as_of": self.as_of,
        }


def of_night(config: JobConfig) -> Moment:
    """A night sees its whole run date."""
    return Moment(config.run_date, config.run_date, config.run_date_end)


def of_refresh(config: JobConfig, last_night: date) -> Moment:
    """A refresh belongs to the night after the last decided one, however late in the day that is.

    Raises UsageError for options that cannot be read.
    """
    schedule = config.options["schedule"]
    if schedule not in SCHEDULES:
        raise UsageError(f"There is no schedule {schedule!r}", do=f"Use one of: {', '.join(SCHEDULES)}")
    text = config.options.get("as_of")
    try:
        as_of = datetime.fromisoformat(text) if text else config.run_date_end
    except ValueError:
        raise UsageError(
            f"{text!r} is no moment", where="as_of", do="Use 2017-11-01T18:30:00+00:00"
        ) from None
    as_of = as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)
    return Moment(last_night + timedelta(days=1), config.run_date, as_of, schedule)


def last_night(config: JobConfig) -> date | None:
    """The newest night that decided its segments; refreshes within the day do not count."""
    rows = ledger.rows(catalog.PUBLISHED_SEGMENT_RUNS, config.settings)
    return max((row["run_date"] for row in rows if row.get("as_of") is None), default=None)
