"""Border between the landing zone and everything else: no row is lost unseen.

Reads   ops.batches and the run date's rows of bronze.* and their twins in pii.*, counted
Writes  ops.checks
Rerun   the same figures, with a new time
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from great_expectations.core import ExpectationSuite

from alluvium import catalog, lake_sql, ledger
from alluvium.job import JobConfig
from alluvium.settings import Settings
from expectations.gate import stand
from expectations.measure import Figures, ask
from expectations.rules import between, none

# Below this a share says nothing: one bad row of three is no alarm.
LEAST_ROWS_FOR_A_SHARE = 100

SUITE = ExpectationSuite(
    name="bronze",
    expectations=[
        none("rows_unaccounted"),
        none("rows_not_stored"),
        none("rows_without_twin"),
        between("quarantined_share", most=0.5),
        between("quarantined_share", most=0.05, severity="warn"),
        none("is_refused", severity="warn"),
    ],
)


def figures(settings: Settings, run_date: date) -> Figures:
    """What the ledger says of each batch, beside what the tables hold."""
    batches = [row for row in ledger.rows(catalog.OPS_BATCHES, settings) if row["run_date"] == run_date]
    known = set(lake_sql.tables(lake_sql.View(settings, with_pii=True)))
    names = [f"{row['source']}_{row['entity']}" for row in batches]
    stored = ask(settings, {name: _stored(name, known) for name in names}, run_date)
    return {f"bronze.{name}": _of_batch(row, stored[name]) for name, row in zip(names, batches, strict=True)}


def _stored(name: str, known: set[str]) -> str:
    def count(table: str) -> str:
        return f"(SELECT count(*) FROM {table} WHERE _run_date = :run_date)" if table in known else "null"

    return f"SELECT {count(f'bronze.{name}')} AS rows, {count(f'pii.{name}')} AS twins"


def _of_batch(batch: Mapping[str, Any], stored: Mapping[str, float | None]) -> dict[str, float | None]:
    read, accepted = batch["rows_read"], batch["rows_accepted"]
    rows, twins = stored["rows"] or 0, stored["twins"]
    return {
        "rows_unaccounted": read - accepted - batch["rows_quarantined"] - batch["rows_duplicate"],
        "rows_not_stored": accepted - rows,
        "rows_without_twin": None if twins is None else rows - twins,
        "quarantined_share": batch["rows_quarantined"] / read if read >= LEAST_ROWS_FOR_A_SHARE else None,
        "is_refused": float(batch.get("status") == "refused"),
    }


def run(spark: None, config: JobConfig) -> dict[str, int]:
    """Stop the night when a row is missing."""
    return stand(SUITE.name, config)
