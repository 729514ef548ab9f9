"""What an alert says, whichever way it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["job_failed", "gate_warns"]


@dataclass(frozen=True)
class Alert:
    """One thing that people should know of; `lines` are without values of rows, the first says what it is."""

    kind: Kind
    job: str
    run_date: date
    lines: Sequence[str]

    @property
    def text(self) -> str:
        """All of it in words."""
        return f"Alluvium, run date {self.run_date}: {self.job}: " + "\n".join(self.lines)
