"""Border between the landing zone and everything else: no row is lost unseen, no day is an odd one unseen.

Reads   ops.batches and the run date's rows of bronze.* and their twins in pii.*, counted; ops.delivered_days,
        of the same weekdays of 28 weeks
Writes  ops.checks; ops.delivered_days: deliveries that were not counted yet
Rerun   the same figures, with a new time
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from great_expectations.core import ExpectationSuite

from alluvium import catalog
from alluvium.contracts.contract import Contract, read_all
from alluvium.job import JobConfig
from alluvium.lake import lake_sql, ledger
from alluvium.settings import Settings
from expectations import learned
from expectations.gate import stand
from expectations.measure import Figures, ask
from expectations.result import FAILED, PASSED, TOO_EARLY, WARN, CheckResult
from expectations.rules import between, none

# Below this a share says nothing: one bad row of three is no alarm.
LEAST_ROWS_FOR_A_SHARE = 100

OLDEST_OPEN = """
    SELECT date_diff('day', min(run_date), :run_date) AS oldest_open_days FROM pii.quarantine
    WHERE status = 'open' AND run_date <= :run_date
"""

SUITE = ExpectationSuite(
    name="bronze",
    expectations=[
        none("rows_unaccounted"),
        none("rows_not_stored"),
        none("rows_without_twin"),
        between("quarantined_share", most=0.5),
        between("quarantined_share", most=0.05, severity="warn"),
        none("is_refused", severity="warn"),
        none("rows_twice"),
        between("days_behind", most=2, severity="warn"),
        between("oldest_open_days", most=30, severity="warn"),
    ],
)


def figures(settings: Settings, run_date: date) -> Figures:
    """What the ledger says of each batch, beside what the tables hold."""
    batches = [row for row in ledger.rows(catalog.OPS_BATCHES, settings) if row["run_date"] == run_date]
    known = set(lake_sql.tables(lake_sql.View(settings, with_pii=True)))
    names = [f"{row['source']}_{row['entity']}" for row in batches]
    contracts = {contract.name: contract for contract in read_all(settings.sources)[0]}
    queries = {name: _stored(name, known, contracts.get(name)) for name in names}
    stored = ask(settings, queries, run_date)
    found = {f"bronze.{name}": _of_batch(row, stored[name]) for name, row in zip(names, batches, strict=True)}
    if "pii.quarantine" in known:
        found |= ask(settings, {"pii.quarantine": OLDEST_OPEN}, run_date)
    return found


def _stored(name: str, known: set[str], contract: Contract | None) -> str:
    def count(table: str, what: str = "count(*)") -> str:
        return f"(SELECT {what} FROM {table} WHERE _run_date = :run_date)" if table in known else "null"

    bronze = f"bronze.{name}"
    newest = ""
    if contract is not None and contract.event_time is not None:
        newest = f"date_diff('day', CAST(max(\"{contract.event_time}\") AS DATE), :run_date)"
    return f"""
        SELECT {count(bronze)} AS rows, {count(f"pii.{name}")} AS twins,
            {count(bronze, "count(*) - count(DISTINCT _row_hash)") if contract else "null"} AS rows_twice,
            {count(bronze, newest) if newest else "null"} AS days_behind
    """


def _of_batch(batch: Mapping[str, Any], stored: Mapping[str, float | None]) -> dict[str, float | None]:
    read, accepted = batch["rows_read"], batch["rows_accepted"]
    rows, twins = stored["rows"] or 0, stored["twins"]
    bad = batch["rows_quarantined"] - (batch.get("rows_suppressed") or 0)
    return {
        "rows_unaccounted": read - accepted - batch["rows_quarantined"] - batch["rows_duplicate"],
        "rows_not_stored": accepted - rows,
        "rows_twice": stored["rows_twice"],
        "days_behind": stored["days_behind"],
        "rows_without_twin": None if twins is None else rows - twins,
        "quarantined_share": bad / read if read >= LEAST_ROWS_FOR_A_SHARE else None,
        "is_refused": float(batch.get("status") == "refused"),
    }


def learned_results(settings: Settings, run_date: date) -> list[CheckResult]:
    """The day beside the same weekdays before it, for contracts that delivered on the run date."""
    batches = [row for row in ledger.rows(catalog.OPS_BATCHES, settings) if row["run_date"] == run_date]
    arrived = {(row["source"], row["entity"]) for row in batches if row["rows_read"]}
    due = [c for c in read_all(settings.sources)[0] if (c.source, c.entity) in arrived]
    return [_as_result(one, run_date) for one in learned.measure(due, settings, run_date)]


def _as_result(one: learned.Learned, run_date: date) -> CheckResult:
    status = TOO_EARLY if one.bounds is None else PASSED if one.is_inside else FAILED
    seen = f"{one.observed:.4g}" if one.observed % 1 else f"{one.observed:.0f}"
    return CheckResult(run_date, SUITE.name, one.check, one.table, WARN, status, seen, one.words)


def run(spark: None, config: JobConfig) -> dict[str, int]:
    """Stop the night when a row is missing."""
    return stand(SUITE.name, config)
