"""Publish one breakdown of one month, once: `ops.private_releases` keeps what was said and what it cost."""

from __future__ import annotations

import json
import math
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
from filelock import FileLock

from alluvium.errors import AlluviumError
from alluvium.lake import ledger
from alluvium.lake.lake_sql import View, ask, tables
from alluvium.privacy import audit
from alluvium.settings import Settings
from alluvium.tables.privacy import OPS_PRIVATE_RELEASES
from spark_jobs.privacy.releases import mechanism
from spark_jobs.privacy.releases.definition import Breakdown, Definitions

# Whose choices forbid to count them is not counted; that changes nobody's figures but their own.
COUNTED = """
SELECT customer_id, group_name, CAST(value AS BIGINT) AS value FROM ({rows}) AS contributions
SEMI JOIN (SELECT customer_id FROM gold.customers WHERE is_analytics_allowed) USING (customer_id)
"""


@dataclass(frozen=True)
class Release:
    """The figures of a breakdown and month, and what is left of the year's budget."""

    breakdown: str
    period: str
    figures: dict[str, int]
    epsilon: float
    plus_minus: float
    is_stored: bool
    budget_left: float


def release(settings: Settings, definitions: Definitions, name: str, month: date) -> Release:
    """Publish, or return what was published before. Noted in `ops.audit` the first time.

    Raises AlluviumError when the year's budget is spent, when the month was published under another
    definition, or when there is nothing to count yet.
    """
    breakdown = definitions.get(name)
    first, last = month.replace(day=1), month.replace(day=monthrange(month.year, month.month)[1])
    period = f"{first}/{last}"
    settings.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(settings.secrets / "releases.lock"):  # Two at once would spend the same budget.
        before = ledger.rows(OPS_PRIVATE_RELEASES, settings)
        row = next((each for each in before if (each["breakdown"], each["period"]) == (name, period)), None)
        left = definitions.budget_of_a_year - spent(before, str(month.year))
        if row is None:
            row = _new(settings, breakdown, name, (first, last), left)
            left -= row["epsilon"]
            return _told(row, breakdown, is_stored=False, left=left)
    if row["definition"] != breakdown.version:
        raise AlluviumError(
            f"{name} of {period} was published under another definition",
            do="Publish the new one under another name: two answers of one month tell more than one",
        )
    return _told(row, breakdown, is_stored=True, left=left)


def spent(rows: list[dict[str, Any]], year: str) -> float:
    """What the releases of a year cost together: epsilons add up."""
    return sum(row["epsilon"] for row in rows if row["budget_year"] == year)


def _new(
    settings: Settings, breakdown: Breakdown, name: str, days: tuple[date, date], left: float
) -> dict[str, Any]:
    epsilon = mechanism.cost(breakdown)
    if epsilon > left + 1e-9:
        raise AlluviumError(
            f"The budget of {days[0].year} is spent: {name} costs {epsilon:g}, {max(left, 0):g} is left",
            do="Wait for the next year, or have the privacy officer change budget_of_a_year",
        )
    figures = mechanism.noisy(
        mechanism.bounded_sums(_contributions(settings, breakdown, days), breakdown), breakdown
    )
    row = {
        "breakdown": name,
        "period": f"{days[0]}/{days[1]}",
        "definition": breakdown.version,
        "budget_year": str(days[0].year),
        "epsilon": epsilon,
        "figures": json.dumps(figures, sort_keys=True),
        "released_at": datetime.now(UTC),
    }
    ledger.append(OPS_PRIVATE_RELEASES, [row], settings)
    audit.note(settings, "privacy.release", f"{name} {row['period']}", f"epsilon {epsilon:g}")
    return row


def _contributions(settings: Settings, breakdown: Breakdown, days: tuple[date, date]) -> pa.Table:
    view = View(settings)
    if "gold.orders" not in tables(view):
        raise AlluviumError("There is nothing to count yet", do="Orders come with the first night")
    query = COUNTED.format(rows=breakdown.rows)
    return ask(view, query, {"first": days[0], "last": days[1]}).to_arrow_table()


def _told(row: dict[str, Any], breakdown: Breakdown, *, is_stored: bool, left: float) -> Release:
    figures = json.loads(row["figures"])
    # Of Laplace noise, 95 % lies within scale times ln 20.
    width = math.ceil(breakdown.scale * math.log(20))
    return Release(row["breakdown"], row["period"], figures, row["epsilon"], width, is_stored, left)
