"""Bounds that history teaches: what a day is like, beside the same weekdays before it.

Days are days of events, not of arrival, so that a first load that brings a year gives the gate its history.
A bound is the median and as many median absolute deviations as DEVIATIONS, never narrower than a share of the
median: it follows the shop and is not moved by one odd day (Leys et al., Detecting outliers, 2013). What a
day is like is counted once, when its delivery is new (`expectations.delivered_days`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

from alluvium.contracts.contract import Contract
from alluvium.settings import Settings
from expectations import delivered_days

WEEKS = 28
LEAST_WEEKS = 8
DEVIATIONS = 5
AS_NORMAL = 1.4826  # A median absolute deviation as the standard deviation of a normal distribution.
LEAST_VOLUME = 0.3  # Of the median.
FEW_ROWS = 20  # More or less are no alarm.
LEAST_SHARE = 0.05
LEAST_ROWS = 50  # Fewer rows have no shares.

Days = dict[date, list[int]]


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


def of_table(contract: Contract, days: Mapping[date, Sequence[int]], run_date: date) -> Iterator[Learned]:
    """The day's figures beside its history; of shares the one that is furthest out."""
    table = f"bronze.{contract.name}"
    today = days.get(run_date, (0, *([0] * len(delivered_days.counted(contract)))))
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
            for place, figure in enumerate(delivered_days.counted(contract), start=1)
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


def _same_weekdays(held: Sequence[Mapping[str, Any]], names: Sequence[str], run_date: date) -> Days:
    """Rows and counts by day: the run date, and the same weekdays of the weeks before it."""
    first = run_date - timedelta(weeks=WEEKS)
    found: Days = {}
    for row in held:
        day = row["event_on"]
        if first <= day <= run_date and day.weekday() == run_date.weekday() and row["row_count"]:
            counted = json.loads(row["figures"])
            counts = [row["row_count"], *(counted[name] for name in names)]
            found[day] = [sum(pair) for pair in zip(found.get(day, [0] * len(counts)), counts, strict=True)]
    return found


def measure(contracts: Sequence[Contract], settings: Settings, run_date: date) -> list[Learned]:
    """All figures of the contracts whose rows have a time."""
    found: list[Learned] = []
    with_time = [contract for contract in contracts if contract.event_time]
    first = run_date - timedelta(weeks=WEEKS)
    counted = delivered_days.by_contract(with_time, settings, first, run_date)
    for contract in with_time:
        days = _same_weekdays(counted[contract.label], list(delivered_days.counted(contract)), run_date)
        found += of_table(contract, days, run_date)
    return found
