"""The demo's calendar: one history folder, then one folder per local business day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

BUSINESS_TIME_ZONE = "America/New_York"
FIRST_DAY = date(2017, 1, 1)
HISTORY_DAY = date(2017, 10, 31)
LAST_DAY = date(2017, 12, 31)

_ZONE = ZoneInfo(BUSINESS_TIME_ZONE)


def run_date_of(day: date) -> date:
    """The folder in which something that arrived on this local day lies."""
    return max(day, HISTORY_DAY)


def nights(last_day: date = LAST_DAY) -> list[date]:
    """The run dates after the history, up to and with last_day."""
    return [HISTORY_DAY + timedelta(days=n) for n in range(1, (last_day - HISTORY_DAY).days + 1)]


def utc_at(day: date, second_of_day: int) -> datetime:
    """The moment, in UTC, at which a clock in the business time zone shows this second of this day."""
    local = datetime.combine(day, time.min) + timedelta(seconds=second_of_day)
    return local.replace(tzinfo=_ZONE).astimezone(UTC)


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC to the second, as the JSON sources write it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def local_time(naive_utc: pl.Expr) -> pl.Expr:
    """A naive UTC timestamp as local time; cutting days in UTC would put evening baskets on the next day."""
    return naive_utc.dt.replace_time_zone("UTC").dt.convert_time_zone(BUSINESS_TIME_ZONE)


def local_day(naive_utc: pl.Expr) -> pl.Expr:
    """The local business day of a naive UTC timestamp."""
    return local_time(naive_utc).dt.date()
