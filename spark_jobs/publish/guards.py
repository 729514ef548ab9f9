"""Whether an audience looks like itself; what does not waits for somebody's `alluvium audience approve`."""

from __future__ import annotations

from spark_jobs.publish.counts import Counts
from spark_jobs.publish.plan import Guards

NOBODY, TOO_FEW = "nobody is left to send", "that may be sent at all"
UNDECIDED = "the segment was not decided for this run date"


def can_be_approved(reason: str | None) -> bool:
    """Whether an audience that is held for this reason goes out when somebody approves it."""
    return reason is not None and not reason.endswith((NOBODY, TOO_FEW, UNDECIDED))


def too_few(counts: Counts, minimum: int) -> str | None:
    """Why nobody goes out, whoever approves: an empty audience is a mistake, a tiny one names people."""
    if counts.exported == 0:
        return NOBODY
    if counts.exported < minimum:
        return f"{counts.exported} people, fewer than the {minimum} {TOO_FEW}"
    return None


def objection(counts: Counts, guards: Guards) -> str | None:
    """The first bound that the audience breaks; None when it keeps them all. A first night has no change."""
    size, before = counts.exported, counts.before
    if guards.smallest is not None and size < guards.smallest:
        return f"{size} people, fewer than {guards.smallest}"
    if guards.largest is not None and size > guards.largest:
        return f"{size} people, more than {guards.largest}"
    moved = max(counts.added, counts.removed)
    if guards.largest_change is not None and before and moved > before * guards.largest_change:
        return (
            f"{counts.added} added and {counts.removed} removed of {before}, over {guards.largest_change:.0%}"
        )
    if guards.lowest_match_rate is not None and counts.match_rate < guards.lowest_match_rate:
        return (
            f"{counts.match_rate:.0%} of the allowed have a usable identifier, "
            f"under {guards.lowest_match_rate:.0%}"
        )
    return None
