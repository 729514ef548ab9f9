"""Acts that need a witness: who did what to what, and why, one row each in `ops.audit`."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from uuid import uuid4

from alluvium import catalog, ledger
from alluvium.settings import Settings


def note(settings: Settings, action: str, subject: str, reason: str | None = None) -> None:
    """Append one act of the operating system's user. `subject` is a name or a key, never personal data."""
    row = {
        "audit_id": uuid4().hex,
        "acted_at": datetime.now(UTC),
        "actor": getpass.getuser(),
        "action": action,
        "subject": subject,
        "reason": reason,
    }
    ledger.append(catalog.OPS_AUDIT, [row], settings)
