"""What a night means for each segment, and whether its guard lets it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alluvium import stays
from spark_jobs.segments.definition import Definition
from spark_jobs.segments.moment import Moment

DECIDED, HELD, RETIRED = "decided", "held", "retired"


@dataclass(frozen=True)
class Verdict:
    """What a night means for one segment, in customers: `reason` says why it is held."""

    segment: str
    before: int
    found: int
    entered: int
    left: int
    status: str
    reason: str | None = None

    @property
    def size(self) -> int:
        """Members after the night."""
        return self.before if self.status == HELD else self.found


def verdicts(
    definitions: Sequence[Definition], moved: Mapping[str, Mapping[str, int]], approved: frozenset[str]
) -> list[Verdict]:
    """Judge each segment by its guard. `moved` counts the customers who entered, left and stayed, by segment.

    A segment that has members but no definition any more is retired: all of them leave.
    """
    by_name = {definition.name: definition for definition in definitions}
    return [
        _verdict(name, by_name.get(name), moved.get(name, {}), approved)
        for name in sorted({*by_name, *moved})
    ]


def _verdict(
    name: str, definition: Definition | None, moved: Mapping[str, int], approved: frozenset[str]
) -> Verdict:
    entered, left, stayed = (moved.get(move, 0) for move in (stays.ENTERED, stays.LEFT, stays.STAYED))
    counts = (name, left + stayed, entered + stayed, entered, left)
    if definition is None:
        return Verdict(*counts, status=RETIRED, reason="its definition was removed")
    objection = definition.guard.objection(left + stayed, entered + stayed, entered, left)
    if objection and name not in approved:
        return Verdict(*counts, status=HELD, reason=objection)
    return Verdict(*counts, status=DECIDED)


def ledger_rows(
    judged: Sequence[Verdict], definitions: Sequence[Definition], moment: Moment
) -> list[dict[str, Any]]:
    """Rows of `published.segment_runs`."""
    by_name = {definition.name: definition for definition in definitions}
    return [
        {
            "segment": verdict.segment,
            "run_date": moment.night,
            "as_of": moment.as_of if moment.is_refresh else None,
            "status": verdict.status,
            "reason": verdict.reason,
            "size": verdict.size,
            "entered": verdict.entered,
            "left": verdict.left,
            "found": verdict.found,
            "definition_version": definition.version if definition else None,
            "owner": definition.owner if definition else None,
            "allowed_purposes": ",".join(definition.purposes) if definition else None,
            "holdout": definition.holdout if definition else None,
        }
        for verdict in judged
        for definition in [by_name.get(verdict.segment)]
    ]


def summary(judged: Sequence[Verdict]) -> dict[str, int]:
    """Counts for the ledger of runs."""
    applied = [verdict for verdict in judged if verdict.status != HELD]
    return {
        "segments": len(judged),
        "held": len(judged) - len(applied),
        "entered": sum(verdict.entered for verdict in applied),
        "left": sum(verdict.left for verdict in applied),
    }
