"""The header of a segment: comment lines at the top of its file.

-- owner: crm-team
-- allowed purposes: marketing_email, marketing_ads
-- schedule: nightly
-- guard: size between 20 and 50000, change at most 30 percent
-- holdout: 10 percent
-- expires: 2018-06-30
-- priority group: offers, 2
-- target: redeemed at least 5 percent in 28 days, by churn_probability
-- Good customers whose visits have begun to thin out.

The last four are optional: who is held out is in the segment and is sent to nobody, so that its effect can
be measured; from its expiry date on a segment has no members; of a priority group a customer is only in the
first segment that finds them; a target lets the night propose another bound for one of its columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import NamedTuple

from alluvium.errors import AlluviumError

SCHEDULES = ("nightly", "every 30 minutes")
OUTCOMES = ("ordered", "redeemed", "clicked")

_ENTRY = re.compile(r"([a-z][a-z ]*):\s*(.+)")
_PURPOSE = re.compile(r"[a-z][a-z_]*")
_HOLDOUT = re.compile(r"(\d+) percent")
_GROUP = re.compile(r"([a-z][a-z0-9_]*), (\d{1,3})")
_TARGET = re.compile(
    r"([a-z]+) at least (\d+(?:\.\d+)?) percent in (\d{1,3}) days, by ([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)?)"
)
_GUARD = re.compile(r"size between (\d+) and (\d+)(?:, change at most (\d+) percent)?")


@dataclass(frozen=True)
class Guard:
    """How far a night may move a segment: its size, and who moved as a share of those before."""

    smallest: int
    largest: int
    largest_change: float | None

    def objection(self, before: int, found: int, entered: int, left: int) -> str | None:
        """Why the night must not be applied; None when it may. A first night has no change."""
        if not self.smallest <= found <= self.largest:
            return f"size {found} is not between {self.smallest} and {self.largest}"
        moved = max(entered, left)
        if self.largest_change is not None and before and moved > before * self.largest_change:
            return f"{entered} entered and {left} left of {before}, over {self.largest_change:.0%}"
        return None


class Priority(NamedTuple):
    """The segment's place in a group of segments that exclude each other; the lowest place goes first."""

    group: str
    place: int


class Target(NamedTuple):
    """The share of members (0 to 1) who should do `outcome` within the days after a night.

    `by` is the column whose bound decides how wide the segment is.
    """

    outcome: str
    rate: float
    in_days: int
    by: str


@dataclass(frozen=True)
class Header:
    """Who answers for a segment, what it is for and how far it may move."""

    owner: str
    purposes: tuple[str, ...]
    schedule: str
    guard: Guard
    holdout: float
    expires_on: date | None
    description: str
    priority: Priority | None = None
    target: Target | None = None


def _purposes(text: str) -> tuple[str, ...]:
    purposes = tuple(part.strip() for part in text.split(","))
    if not all(_PURPOSE.fullmatch(purpose) for purpose in purposes):
        raise ValueError("name purposes like `marketing_email, marketing_ads`")
    return purposes


def _schedule(text: str) -> str:
    if text not in SCHEDULES:
        raise ValueError(f"use one of: {', '.join(SCHEDULES)}")
    return text


def _guard(text: str) -> Guard:
    found = _GUARD.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise ValueError("write `size between 20 and 50000, change at most 30 percent`")
    return Guard(int(found[1]), int(found[2]), int(found[3]) / 100 if found[3] else None)


def _holdout(text: str) -> float:
    found = _HOLDOUT.fullmatch(text)
    if found is None or not 0 < int(found[1]) <= 50:
        raise ValueError("write `10 percent`, between 1 and 50")
    return int(found[1]) / 100


def _expires(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("write a date such as 2017-12-31") from None


def _priority(text: str) -> Priority:
    found = _GROUP.fullmatch(text)
    if found is None:
        raise ValueError("write `offers, 1`: the group and the place in it")
    return Priority(found[1], int(found[2]))


def _target(text: str) -> Target:
    found = _TARGET.fullmatch(text)
    if found is None or found[1] not in OUTCOMES or not (0 < float(found[2]) < 100 and int(found[3])):
        outcomes = " or ".join(OUTCOMES)
        raise ValueError(f"write `redeemed at least 5 percent in 28 days, by churn_probability` ({outcomes})")
    return Target(found[1], float(found[2]) / 100, int(found[3]), found[4])


_READERS: Mapping[str, Callable[[str], object]] = {
    "owner": str,
    "allowed purposes": _purposes,
    "schedule": _schedule,
    "guard": _guard,
    "holdout": _holdout,
    "expires": _expires,
    "priority group": _priority,
    "target": _target,
}
_OPTIONAL = ("holdout", "expires", "priority group", "target")


def _comment_lines(text: str) -> list[tuple[int, str]]:
    lines = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("--"):
            break
        if line.strip():
            lines.append((number, line.removeprefix("--").strip()))
    return lines


def _near(name: str) -> str | None:
    return next(iter(get_close_matches(name, _READERS, n=1, cutoff=0.8)), None)


def _read(text: str, file: str) -> tuple[dict[str, object], list[str]]:
    entries: dict[str, object] = {}
    sentences: list[str] = []
    for number, line in _comment_lines(text):
        entry = _ENTRY.fullmatch(line)
        if entry is None:
            sentences.append(line)
            continue
        name, value, where = entry[1], entry[2].strip(), f"{file}, line {number}"
        if name not in _READERS:
            nearest = f"Did you mean `{_near(name)}`?" if _near(name) else f"Known: {', '.join(_READERS)}"
            raise AlluviumError(f"The header has no `{name}`", where=where, do=nearest)
        if name in entries:
            raise AlluviumError(f"`{name}` is given twice", where=where, do="Keep one of them")
        try:
            entries[name] = _READERS[name](value)
        except ValueError as error:
            raise AlluviumError(
                f"`{name}: {value}` cannot be read", where=where, do=f"Please {error}"
            ) from None
    return entries, sentences


def parse(text: str, file: str) -> Header:
    """Read the header of a segment file; raises AlluviumError with file and line."""
    entries, sentences = _read(text, file)
    missing = [name for name in _READERS if name not in entries and name not in _OPTIONAL]
    if missing:
        raise AlluviumError(
            f"The header lacks `{missing[0]}`", where=f"{file}, line 1", do=f"Add `-- {missing[0]}: ...`"
        )
    if not sentences:
        raise AlluviumError(
            "The header says nothing about who is meant",
            where=f"{file}, line 1",
            do="Add a sentence: `-- Customers who ...`",
        )
    return Header(
        owner=str(entries["owner"]),
        purposes=entries["allowed purposes"],  # type: ignore[arg-type]
        schedule=str(entries["schedule"]),
        guard=entries["guard"],  # type: ignore[arg-type]
        holdout=entries.get("holdout", 0.0),  # type: ignore[arg-type]
        expires_on=entries.get("expires"),  # type: ignore[arg-type]
        description=" ".join(sentences),
        priority=entries.get("priority group"),  # type: ignore[arg-type]
        target=entries.get("target"),  # type: ignore[arg-type]
    )
