"""What happened to the members of a segment on their way into a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Counts:
    """Customers of one delivery. Every member is in exactly one of the lines up to `exported`."""

    members: int = 0
    without_consent: int = 0
    suppressed: int = 0
    held_out: int = 0
    capped: int = 0
    rejected: int = 0
    exported: int = 0
    added: int = 0
    removed: int = 0
    before: int = 0

    @property
    def match_rate(self) -> float:
        """Of the people who may be sent, the share with an identifier that the platform can use."""
        allowed = self.exported + self.rejected
        return self.exported / allowed if allowed else 1.0
