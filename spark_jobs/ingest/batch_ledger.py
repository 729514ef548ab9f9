"""Rows of `ops.batches`: what became of each delivery."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from alluvium.contracts.contract import Contract
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake import delta, ledger
from alluvium.settings import Settings
from alluvium.tables.ingest import OPS_BATCHES, PII_QUARANTINE, bronze
from spark_jobs.ingest import counting, footprint, quarantine

Row = dict[str, Any]


def read_day(config: JobConfig) -> dict[tuple[str, str], Row]:
    """What the ledger says about the run date, by source and entity."""
    rows = ledger.rows(OPS_BATCHES, config.settings)
    return {(row["source"], row["entity"]): row for row in rows if row["run_date"] == config.run_date}


def write(rows: Sequence[Row], config: JobConfig) -> None:
    """Replace the rows of these batches of the run date, in one commit."""
    if not rows:
        return
    pairs = " OR ".join(f"(source = '{row['source']}' AND entity = '{row['entity']}')" for row in rows)
    ledger.replace(OPS_BATCHES, rows, f"run_date = DATE '{config.run_date}' AND ({pairs})", config.settings)


def is_unchanged(before: Row | None, contract: Contract, fingerprint: str, is_initial: bool) -> bool:
    """Whether a batch stands as it would be loaded: same files, same contract, same limit on lateness."""
    return before is not None and (
        before["fingerprint"],
        before["contract_version"],
        before["is_initial"],
    ) == (
        fingerprint,
        contract.version,
        is_initial,
    )


def check_conservation(label: str, row: Row) -> None:
    """Raises AlluviumError when rows of a batch are neither accepted, quarantined nor duplicates."""
    kept = row["rows_accepted"] + row["rows_quarantined"] + row["rows_duplicate"]
    if row["rows_read"] != kept or row["rows_duplicate"] < 0:
        raise AlluviumError(
            f"Rows of {label} do not add up on {row['run_date']}: {row['rows_read']} read, "
            f"{row['rows_accepted']} accepted, {row['rows_quarantined']} quarantined, "
            f"{row['rows_duplicate']} duplicates",
            do="This is a defect of Alluvium; nothing to the right of bronze has run",
        )


def after_replay(
    spark: SparkSession, settings: Settings, contract: Contract, before: Row, status: str
) -> Row:
    """The ledger row of a batch whose quarantine was driven again, counted from what the tables hold now."""
    run_date = before["run_date"]
    slice_ = delta.read(spark, PII_QUARANTINE).where(quarantine.slice_of(contract, run_date))
    left = slice_.where(F.col("status") != quarantine.REPLAYED)
    accepted = footprint.row_count(bronze(contract), settings, _run_date=run_date)
    is_suppressed = F.col("status") == quarantine.SUPPRESSED
    [(quarantined, suppressed)] = left.agg(F.count("*"), F.count_if(is_suppressed)).collect()
    row = {
        **before,
        "rows_accepted": accepted,
        "rows_quarantined": quarantined,
        "rows_suppressed": suppressed,
        "rows_duplicate": before["rows_read"] - accepted - quarantined,
        "status": status if accepted else before["status"],
        "reasons": json.dumps(counting.count_reasons(left.withColumnRenamed("reasons", "_reasons"))),
        "contract_version": contract.version,
    }
    check_conservation(contract.label, row)
    return row
