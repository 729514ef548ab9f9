"""Legal holds: what must not be removed for now, whatever its age and whoever asks.

A hold is on a class of data (`landing`), a table (`bronze.web_events`) or a customer. It ends when it is
released; both stand in `ops.legal_holds` and in the audit trail.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from alluvium.errors import AlluviumError
from alluvium.lake import ledger
from alluvium.privacy import audit
from alluvium.settings import Settings
from alluvium.tables.ops import OPS_LEGAL_HOLDS

CUSTOMER = "customer:"


@dataclass(frozen=True)
class Hold:
    """One hold that stands. `scope` is a class, a table, or `customer:<customer_id>`."""

    hold_id: str
    scope: str
    reason: str
    placed_at: datetime


def standing(settings: Settings) -> list[Hold]:
    """The holds that were not released, oldest first."""
    rows = ledger.rows(OPS_LEGAL_HOLDS, settings)
    released = {row["hold_id"] for row in rows if row["act"] == "released"}
    found = [
        Hold(row["hold_id"], row["scope"], row["reason"], row["acted_at"])
        for row in rows
        if row["act"] == "placed" and row["hold_id"] not in released
    ]
    return sorted(found, key=lambda hold: hold.placed_at)


def place(settings: Settings, scope: str, reason: str) -> str:
    """Put a hold on something; returns its id."""
    hold_id = uuid4().hex[:12]
    _note(settings, hold_id, "placed", scope, reason)
    return hold_id


def release(settings: Settings, hold_id: str, reason: str) -> None:
    """End a hold. Raises AlluviumError when none of that id stands."""
    hold = next((each for each in standing(settings) if each.hold_id == hold_id), None)
    if hold is None:
        raise AlluviumError(f"No hold {hold_id} stands", do="`alluvium privacy hold list` shows them")
    _note(settings, hold_id, "released", hold.scope, reason)


def _note(settings: Settings, hold_id: str, act: str, scope: str, reason: str) -> None:
    audit.note(settings, f"privacy.hold.{act}", f"{hold_id} {scope}", reason)
    row = {"hold_id": hold_id, "act": act, "scope": scope, "reason": reason, "acted_at": datetime.now(UTC)}
    ledger.append(OPS_LEGAL_HOLDS, [row], settings)


def customers(holds: Iterable[Hold]) -> set[str]:
    """Ids of the customers that are held."""
    return {hold.scope.removeprefix(CUSTOMER) for hold in holds if hold.scope.startswith(CUSTOMER)}
