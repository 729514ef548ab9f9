"""Acts that need a witness: who did what to what, and why, one row each in `ops.audit`."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from uuid import uuid4

from alluvium import catalog, ledger
from alluvium.errors import UsageError
from alluvium.settings import Settings


def note(settings: Settings, action: str, subject: str, reason: str | None = None) -> None:
    """Append one act of the operating system's user. `subject` is a name or a key, never personal data.

    Raises UsageError for a reason that says nothing.
    """
    if reason is not None and len(reason.strip()) < 3:
        raise UsageError("A reason is needed", do="Say it with --reason, for who reads it in a year")
    row = {
        "audit_id": uuid4().hex,
        "acted_at": datetime.now(UTC),
        "actor": getpass.getuser(),
        "action": action,
        "subject": subject,
        "reason": reason.strip() if reason else None,
    }
    ledger.append(catalog.OPS_AUDIT, [row], settings)
