"""Which days a model learns from: monthly cut-offs whose outcomes are over, split in the order of time.

A cut-off is the first day not seen. Features lie before it; the outcome is the `horizon_days` from it on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from models.common import params

TRAINED = ("churn", "ltv", "coupon")


def _first_days_back_from(day: date) -> Iterator[date]:
    year, month = day.year, day.month
    while True:
        yield date(year, month, 1)
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)


def outcome_end(cutoff: date, horizon_days: int) -> date:
    """The first day after the outcome."""
    return cutoff + timedelta(days=horizon_days)


def monthly(run_date: date, horizon_days: int, count: int) -> list[date]:
    """The newest `count` first days of a month whose outcome ends by the end of run_date, oldest first."""
    newest = run_date + timedelta(days=1) - timedelta(days=horizon_days)
    days = _first_days_back_from(newest)
    return sorted(next(days) for _ in range(count))


def wanted(run_date: date) -> list[date]:
    """Every cut-off that some model trains on at run_date: what dbt's variable `as_of_dates` has to name."""
    days: set[date] = set()
    for model in TRAINED:
        chosen = params.load(model)
        for horizon_days in chosen.horizons:
            days.update(monthly(run_date, horizon_days, chosen.cutoffs))
    return sorted(days)


@dataclass(frozen=True)
class Split:
    """`evaluation` is held out; `known` ends before it; `fitting` and `stopping` serve to count trees."""

    fitting: tuple[date, ...]
    stopping: date | None
    known: tuple[date, ...]
    evaluation: date


def split(cutoffs: Sequence[date], horizon_days: int) -> Split | None:
    """Split cut-offs so that no outcome reaches into what comes later; None when too few for that."""
    if len(cutoffs) < 2:
        return None
    ordered = sorted(cutoffs)
    evaluation = ordered[-1]
    known = [day for day in ordered if outcome_end(day, horizon_days) <= evaluation]
    if not known:
        return None
    fitting = [day for day in known if outcome_end(day, horizon_days) <= known[-1]]
    return Split(tuple(fitting), known[-1] if fitting else None, tuple(known), evaluation)
