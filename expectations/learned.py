"""Bounds that history teaches: what a day is like, beside the same weekdays before it.

Days are days of events, not of arrival, so that a first load that brings a year gives the gate its history.
A bound is the median and as many median absolute deviations as DEVIATIONS, never narrower than a share of the
median: it follows the shop and is not moved by one odd day (Leys et al., Detecting outliers, 2013). The cost
of a night does not grow with history: WEEKS weeks are read, whose files their run dates' statistics name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

from alluvium.contracts.contract import Contract
from alluvium.lake import lake_sql
from alluvium.settings import Settings

WEEKS = 28
LEAST_WEEKS = 8
DEVIATIONS = 5
AS_NORMAL = 1.4826  # A median absolute deviation as the standard deviation of a normal distribution.
LEAST_VOLUME = 0.3  # Of the median.
FEW_ROWS = 20  # More or less are no alarm.
LEAST_SHARE = 0.05
LEAST_ROWS = 50  # Fewer rows have no shares.


@dataclass(frozen=True)
class Learned:
    """One figure of one table and day with the bounds that its history gives; None before there is enough."""

    table: str
    check: str
    observed: float
    bounds: tuple[float, float] | None
    about: str = ""

    @property
    def is_inside(self) -> bool:
        """Whether the figure is within its bounds, or has none yet."""
        return self.bounds is None or self.bounds[0] <= self.observed <= self.bounds[1]

    @property
    def words(self) -> str:
        """What was expected, for people."""
        if self.bounds is None:
            return f"not enough history: fewer than {LEAST_WEEKS} same weekdays"
        low, high = self.bounds
        return f"{low:.4g} to {high:.4g} by the same weekdays{self.about}"


def bounds_of(before: Sequence[float], least: float) -> tuple[float, float] | None:
    """Where a figure like these may lie; `least` is the narrowest half of the range."""
    if len(before) < LEAST_WEEKS:
        return None
    middle = median(before)
    spread = median(abs(value - middle) for value in before) * AS_NORMAL
    half = max(DEVIATIONS * spread, least)
    return max(middle - half, 0.0), middle + half


def _day_of(contract: Contract, zone: str) -> str:
    assert contract.event_time is not None
    if contract.columns[contract.event_time].type == "date":
        return f'"{contract.event_time}"'
    return f"CAST(\"{contract.event_time}\" AT TIME ZONE '{zone}' AS DATE)"


def _near_weekday(contract: Contract, run_date: date) -> str:
    """A cheap first look: to find the local day of every row costs more than all the rest."""
    assert contract.event_time is not None
    if contract.columns[contract.event_time].type == "date":
        return "true"
    number = (run_date - date(1970, 1, 1)).days
    near = ", ".join(str((number + away) % 7) for away in (-1, 0, 1))
    return f'(epoch_us("{contract.event_time}") // 86400000000) % 7 IN ({near})'


def shares_of(contract: Contract) -> dict[str, str]:
    """SQL aggregates by figure: how often each column is empty, and each allowed value stands in it."""
    found = {}
    for name, column in contract.columns.items():
        held = f"{name}_key" if column.identifier else name
        if column.is_raw_kept_apart and not column.identifier:
            continue
        if not column.required:
            found[f"null_share:{name}"] = f'count(*) - count("{held}")'
        for value in column.allowed or ():
            literal = "'" + value.replace("'", "''") + "'"
            found[f"value_share:{name}={value}"] = f'count(*) FILTER (WHERE "{held}" = {literal})'
    return found


def query(contract: Contract, run_date: date, zone: str) -> str:
    """Rows and counts by day of events: the run date, and the same weekdays of the weeks before it."""
    day = _day_of(contract, zone)
    first = run_date - timedelta(weeks=WEEKS)
    counts = "".join(f", {sql}" for sql in shares_of(contract).values())
    return f"""
        WITH held AS (
            SELECT *, {day} AS _event_on FROM bronze.{contract.name}
            WHERE "{contract.event_time}" >= DATE '{first}' AND _run_date <= DATE '{run_date}'
                AND {_near_weekday(contract, run_date)}
        )
        SELECT _event_on, count(*){counts} FROM held
        WHERE _event_on <= DATE '{run_date}' AND isodow(_event_on) = {run_date.isoweekday()}
        GROUP BY _event_on
    """


def of_table(contract: Contract, days: Mapping[date, Sequence[int]], run_date: date) -> Iterator[Learned]:
    """The day's figures beside its history; of shares the one that is furthest out."""
    table = f"bronze.{contract.name}"
    today = days.get(run_date, (0, *([0] * len(shares_of(contract)))))
    before = [counts for day, counts in sorted(days.items()) if day < run_date]
    volumes = [float(counts[0]) for counts in before]
    yield Learned(
        table,
        "rows_of_the_day",
        today[0],
        bounds_of(volumes, max(LEAST_VOLUME * median(volumes or [0]), FEW_ROWS)),
    )
    if today[0] < LEAST_ROWS:
        return
    for kind in ("null_share", "value_share"):
        found = [
            _share(table, kind, figure, place, today, before)
            for place, figure in enumerate(shares_of(contract), start=1)
            if figure.startswith(kind)
        ]
        if found:
            yield max(found, key=_how_far)


def _share(
    table: str, kind: str, figure: str, place: int, today: Sequence[int], before: Sequence[Sequence[int]]
) -> Learned:
    shares = [counts[place] / counts[0] for counts in before if counts[0] >= LEAST_ROWS]
    about = f", {figure.partition(':')[2]}"
    return Learned(table, kind, today[place] / today[0], bounds_of(shares, LEAST_SHARE), about)


def _how_far(share: Learned) -> float:
    if share.bounds is None:
        return -1.0
    low, high = share.bounds
    return max(low - share.observed, share.observed - high) / (high - low)


def measure(contracts: Sequence[Contract], settings: Settings, run_date: date) -> list[Learned]:
    """All figures of the contracts whose rows have a time. One query a table."""
    view = lake_sql.View(settings, with_pii=True)
    opened = lake_sql.connection(view)
    known = set(lake_sql.tables(view))
    found: list[Learned] = []
    for contract in contracts:
        if contract.event_time and f"bronze.{contract.name}" in known:
            asked = query(contract, run_date, settings.business_time_zone)
            rows: list[tuple[Any, ...]] = lake_sql.answer(opened, view, asked).fetchall()
            found += of_table(contract, {row[0]: row[1:] for row in rows}, run_date)
    return found
