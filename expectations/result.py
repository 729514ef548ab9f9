"""What a gate saw: figures and bounds, never a row's value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from alluvium import catalog
from alluvium.lake import ledger
from alluvium.settings import Settings

STOP, WARN = "stop", "warn"
PASSED, FAILED, TOO_EARLY = "passed", "failed", "not_enough_history"


@dataclass(frozen=True)
class CheckResult:
    """One expectation on one table."""

    run_date: date
    suite: str
    check_name: str
    table_name: str
    severity: str
    status: str
    observed: str
    details: str

    @property
    def stops(self) -> bool:
        """Whether nothing to the right may run."""
        return self.status == FAILED and self.severity == STOP

    @property
    def warns(self) -> bool:
        """Whether somebody should look, while the night goes on."""
        return self.status == FAILED and self.severity == WARN


def keep(results: Sequence[CheckResult], settings: Settings) -> None:
    """Write the results to `ops.checks`: one commit."""
    now = datetime.now(UTC)
    ledger.append(catalog.OPS_CHECKS, [{**asdict(result), "checked_at": now} for result in results], settings)
