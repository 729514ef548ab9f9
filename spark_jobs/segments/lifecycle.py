"""Segments that end by themselves: their expiry date is reached, or nobody was found for 30 days.

Everybody leaves a retired segment, and the night's report shows its owner why. An edited definition begins
anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from alluvium import catalog
from alluvium.lake import ledger
from alluvium.settings import Settings
from spark_jobs.segments.definition import Definition
from spark_jobs.segments.moment import Moment

RETIRED = "retired"
MOST_EMPTY_DAYS = 30
EMPTY = f"nobody was found for {MOST_EMPTY_DAYS} days; change the definition or remove it"


def retired(settings: Settings, definitions: Sequence[Definition], at: Moment) -> dict[str, str]:
    """Why, by name of the segments that are over as of this night."""
    nights = [
        row
        for row in ledger.rows(catalog.PUBLISHED_SEGMENT_RUNS, settings)
        if row.get("as_of") is None and row["run_date"] < at.night
    ]
    reasons = {definition.name: _reason(definition, nights, at) for definition in definitions}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _reason(definition: Definition, nights: Sequence[Mapping[str, Any]], at: Moment) -> str | None:
    if definition.expires_on is not None and at.run_date >= definition.expires_on:
        return f"it expired on {definition.expires_on}; renew the date or remove the definition"
    mine = [
        row
        for row in nights
        if row["segment"] == definition.name and row["definition_version"] == definition.version
    ]
    return EMPTY if _is_empty(mine, at) else None


def _is_empty(nights: Sequence[Mapping[str, Any]], at: Moment) -> bool:
    """Whether the definition was asked for 30 days and found nobody in any of their nights."""
    last = max(nights, key=lambda row: row["run_date"], default=None)
    if last is None or last["status"] == RETIRED:
        return last is not None
    since = at.night - timedelta(days=MOST_EMPTY_DAYS)
    has_been_long = any(row["run_date"] <= since for row in nights)
    return has_been_long and all(row["found"] == 0 for row in nights if row["run_date"] >= since)
