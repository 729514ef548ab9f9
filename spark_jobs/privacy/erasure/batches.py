"""`ops.batches` after an erasure: a row that went is not read any more, and the rest adds up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from alluvium.contracts.contract import Contract
from alluvium.lake import ledger
from alluvium.tables.ingest import OPS_BATCHES
from spark_jobs.privacy.lake import Lake

Batch = tuple[str, str, date]


def settle(lake: Lake, touched: Iterable[Batch], contracts: Iterable[Contract]) -> int:
    """Bring the ledger rows of the touched batches up to what the tables hold now; how many changed.

    rows_duplicate stays as it was, and read = accepted + quarantined + duplicate holds.
    """
    by_name = {(each.source, each.entity): each for each in contracts}
    wanted = set(touched)
    rows = [
        row
        for row in ledger.rows(OPS_BATCHES, lake.settings)
        if (row["source"], row["entity"], row["run_date"]) in wanted
    ]
    changed = 0
    for row in rows:
        after = _settled(lake, row, by_name[row["source"], row["entity"]])
        if after != row:
            place = f"source = '{row['source']}' AND entity = '{row['entity']}'"
            predicate = f"run_date = DATE '{row['run_date']}' AND {place}"
            ledger.replace(OPS_BATCHES, [after], predicate, lake.settings)
            changed += 1
    return changed


def _settled(lake: Lake, row: dict[str, Any], contract: Contract) -> dict[str, Any]:
    day = row["run_date"]
    [(accepted,)] = lake.rows(f"SELECT count(*) FROM bronze.{contract.name} WHERE _run_date = ?", [day])
    [(quarantined, suppressed)] = lake.rows(
        "SELECT count(*), count_if(status = 'suppressed') FROM pii.quarantine "
        "WHERE run_date = ? AND source = ? AND entity = ? AND status <> 'replayed'",
        [day, row["source"], row["entity"]],
    )
    gone = row["rows_accepted"] - accepted + row["rows_quarantined"] - quarantined
    if not gone:
        return row
    return row | {
        "rows_accepted": accepted,
        "rows_quarantined": quarantined,
        "rows_suppressed": suppressed,
        "rows_read": row["rows_read"] - gone,
        # The files are others now: who loads that day again shall read them.
        "fingerprint": "",
    }
