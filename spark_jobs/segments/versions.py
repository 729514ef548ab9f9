"""Every definition that was decided, so that it can be looked at, compared and brought back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from alluvium import catalog
from alluvium.errors import AlluviumError
from alluvium.lake import ledger
from alluvium.settings import Settings
from spark_jobs.segments.definition import Definition, parse
from spark_jobs.segments.moment import Moment

APPROVED = "segment.approve"


def known(settings: Settings) -> list[dict[str, Any]]:
    """Rows of `published.segment_definitions`, oldest first."""
    rows = ledger.rows(catalog.PUBLISHED_SEGMENT_DEFINITIONS, settings)
    return sorted(rows, key=lambda row: row["first_run_date"])


def remember(settings: Settings, definitions: Sequence[Definition], at: Moment) -> None:
    """Keep what is new."""
    there = {(row["segment"], row["version"]) for row in known(settings)}
    rows = [
        {
            "segment": definition.name,
            "version": definition.version,
            "file": definition.file,
            "text": definition.text,
            "first_run_date": at.night,
        }
        for definition in definitions
        if (definition.name, definition.version) not in there
    ]
    ledger.append(catalog.PUBLISHED_SEGMENT_DEFINITIONS, rows, settings)


def version(settings: Settings, segment: str, wanted: str) -> Definition:
    """An earlier definition; raises AlluviumError when the nights do not know it."""
    rows = [row for row in known(settings) if row["segment"] == segment]
    found = [row for row in rows if row["version"] == wanted]
    if not found:
        versions = ", ".join(f"{row['version']} (since {row['first_run_date']})" for row in rows)
        raise AlluviumError(f"{segment} has no version {wanted!r}", do=f"Known: {versions or 'none'}")
    return parse(found[0]["text"].encode(), found[0]["file"])


def decided_version(settings: Settings, segment: str, before: date = date.max) -> str | None:
    """The version that decided last before a night; None for a segment that was never decided."""
    rows = ledger.rows(catalog.PUBLISHED_SEGMENT_RUNS, settings)
    decided = [
        row
        for row in rows
        if row["segment"] == segment and row["status"] == "decided" and row["run_date"] < before
    ]
    newest = max(decided, key=lambda row: row["run_date"], default=None)
    return newest["definition_version"] if newest else None


def approval(definition: Definition, night: date | None = None) -> str:
    """The subject of an approval in `ops.audit`: of a new definition, or of one night."""
    return f"{definition.name} {definition.version}" + (f" on {night}" if night else "")


def approved(settings: Settings, definitions: Sequence[Definition], at: Moment) -> frozenset[str]:
    """Segments that somebody lets through: a changed definition once, or the segment for this night."""
    rows = ledger.rows(catalog.OPS_AUDIT, settings)
    subjects = {row["subject"] for row in rows if row["action"] == APPROVED}
    if not subjects:
        return frozenset()
    return frozenset(
        definition.name
        for definition in definitions
        if approval(definition, at.night) in subjects
        or (
            approval(definition) in subjects
            and decided_version(settings, definition.name, at.night) != definition.version
        )
    )
