"""What loading noticed and people should know of: rows of `ops.checks`, suite `ingest`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal

from alluvium.job import JobConfig
from alluvium.lake import ledger
from alluvium.tables.ops import OPS_CHECKS

SUITE = "ingest"
Severity = Literal["stop", "warn"]
Status = Literal["passed", "failed"]
PASSED: Status = "passed"
FAILED: Status = "failed"


@dataclass(frozen=True)
class Event:
    """One thing noticed about a table's delivery. `observed` and `details` never carry a row's value."""

    check_name: str
    table_name: str
    observed: str
    details: str
    severity: Severity = "warn"
    status: Status = FAILED


def keep(events: Sequence[Event], config: JobConfig) -> None:
    """Write them in one commit; none for none."""
    now = datetime.now(UTC)
    rows = [
        {**asdict(event), "run_date": config.run_date, "suite": SUITE, "checked_at": now} for event in events
    ]
    ledger.append(OPS_CHECKS, rows, config.settings)
