"""The rule by which choices decide, for one customer and one purpose.

Of each record the newest choice stands. Of the standing choices the strictest decides; of equals the newest.
`gold.consents` is the same rule in SQL; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

STRICTNESS = {"granted": 1, "denied": 2, "revoked": 3}
GRANTED, OPT_OUT = "granted", "opt_out"


@dataclass(frozen=True)
class Choice:
    """One choice of one record. `arrived_on` is the run date that brought it, `evidence` where it stands."""

    record_key: str
    purpose: str
    status: str
    chosen_at: datetime
    source: str
    arrived_on: date | None = None
    evidence: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def order(self) -> tuple[datetime, int, str]:
        """By which of two choices of a record the later is told; at one moment the stricter is the later."""
        return self.chosen_at, STRICTNESS[self.status], self.source

    @property
    def weight(self) -> tuple[int, datetime, str]:
        """By which of the choices that stand one decides."""
        return STRICTNESS[self.status], self.chosen_at, self.source


@dataclass(frozen=True)
class Decision:
    """What held for one purpose. `decided_by` is None when nobody was ever asked: then the rule decides."""

    purpose: str
    rule: str
    decided_by: Choice | None
    standing: tuple[Choice, ...] = ()

    @property
    def status(self) -> str:
        """granted, denied, revoked, or no record."""
        return self.decided_by.status if self.decided_by else "no record"

    @property
    def is_allowed(self) -> bool:
        """Opt-in needs a grant; opt-out needs only that nobody said no."""
        if self.decided_by is None:
            return self.rule == OPT_OUT
        return self.decided_by.status == GRANTED


def decide(purpose: str, rule: str, choices: Iterable[Choice], before: datetime) -> Decision:
    """What holds just before a moment, by the choices made until then."""
    newest: dict[str, Choice] = {}
    for choice in sorted((c for c in choices if c.purpose == purpose), key=lambda c: c.order):
        if choice.chosen_at < before:
            newest[choice.record_key] = choice
    standing = tuple(sorted(newest.values(), key=lambda choice: choice.weight, reverse=True))
    return Decision(purpose, rule, standing[0] if standing else None, standing)
