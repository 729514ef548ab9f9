"""What a night means for each segment, and whether its guard lets it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from alluvium.lake import stays
from spark_jobs.segments.definition import Definition
from spark_jobs.segments.lifecycle import RETIRED
from spark_jobs.segments.moment import Moment

DECIDED, HELD = "decided", "held"
REMOVED = "its definition was removed"


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
    definitions: Sequence[Definition],
    moved: Mapping[str, Mapping[str, int]],
    approved: frozenset[str],
    retired: Mapping[str, str] = MappingProxyType({}),
) -> list[Verdict]:
    """Judge each segment by its guard. `moved` counts the customers who entered, left and stayed, by segment.

    `retired` says why a segment is over: all members leave. One with members but no definition any more is
    retired, too.
    """
    by_name = {definition.name: definition for definition in definitions}
    judged = [
        _verdict(name, by_name.get(name), moved.get(name, {}), approved, retired.get(name, REMOVED))
        for name in sorted({*by_name, *moved, *retired})
    ]
    return _together(judged, by_name)


def _together(judged: Sequence[Verdict], by_name: Mapping[str, Definition]) -> list[Verdict]:
    """One held segment holds its priority group: else a customer who stays there would enter another too."""
    groups = {name: d.priority.group for name, d in by_name.items() if d.priority is not None}
    holding = {groups[v.segment]: v.segment for v in judged if v.status == HELD and v.segment in groups}
    return [
        replace(verdict, status=HELD, reason=f"{holding[group]} of its priority group is held")
        if verdict.status == DECIDED and (group := groups.get(verdict.segment)) in holding
        else verdict
        for verdict in judged
    ]


def _verdict(
    name: str, definition: Definition | None, moved: Mapping[str, int], approved: frozenset[str], over: str
) -> Verdict:
    entered, left, stayed = (moved.get(move, 0) for move in (stays.ENTERED, stays.LEFT, stays.STAYED))
    counts = (name, left + stayed, entered + stayed, entered, left)
    if definition is None:
        return Verdict(*counts, status=RETIRED, reason=over)
    objection = definition.guard.objection(left + stayed, entered + stayed, entered, left)
    if objection and name not in approved:
        return Verdict(*counts, status=HELD, reason=objection)
    return Verdict(*counts, status=DECIDED)


def _purposes(verdict: Verdict, definition: Definition | None) -> str | None:
    """Nobody is in a retired segment, and removals need no purpose."""
    return ",".join(definition.purposes) if definition and verdict.status != RETIRED else None


def _priority(definition: Definition | None) -> dict[str, Any]:
    priority = definition.priority if definition else None
    return {
        "priority_group": priority.group if priority else None,
        "priority_place": priority.place if priority else None,
    }


def ledger_rows(
    judged: Sequence[Verdict], definitions: Sequence[Definition], moment: Moment, inputs: str | None = None
) -> list[dict[str, Any]]:
    """Rows of `published.segment_runs`; `definitions` are those of the retired segments, too.

    `inputs` is what a refresh read, for the next one.
    """
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
            "allowed_purposes": _purposes(verdict, definition),
            "holdout": definition.holdout if definition else None,
            **_priority(definition),
            "inputs": inputs,
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
