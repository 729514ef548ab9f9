"""As `spark_jobs.ingest.record_keys`, when the run date brought few rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from alluvium.contracts.contract import Contract
from alluvium.settings import Settings
from alluvium.tables.ingest import PII_RECORD_KEYS, pii_twin
from spark_jobs.ingest import footprint
from spark_jobs.ingest.few import merging
from spark_jobs.ingest.few.data_file import columns_of
from spark_jobs.ingest.reach import NOT_APART


def _of_contract(contract: Contract, run_date: date, settings: Settings) -> pa.Table:
    twin = pii_twin(contract)
    assert twin is not None
    assert contract.record is not None
    wanted = pa.schema({contract.record: pa.string(), "record_key": pa.string()})
    files = [columns_of(path, wanted) for path in footprint.paths(twin, settings, _run_date=run_date)]
    rows = pa.concat_tables([wanted.empty_table(), *files]).rename_columns(["source_id", "record_key"])
    rows = rows.filter(pc.is_valid(rows["record_key"]))
    return rows.append_column("source", pa.array([contract.source] * rows.num_rows, pa.string()))


def add(contracts: Sequence[Contract], run_date: date, settings: Settings) -> None:
    """Add the records of the run date's batches; those that are there stay."""
    rows = pa.concat_tables([_of_contract(contract, run_date, settings) for contract in contracts])
    key = list(PII_RECORD_KEYS.key)
    merging.merge(
        rows.group_by([*key, "record_key"]).aggregate([]),
        PII_RECORD_KEYS,
        settings,
        on=key,
        compared=["record_key"],
        update_when="(t.`record_key` IS DISTINCT FROM s.`record_key`)",
        within=dict.fromkeys(key, NOT_APART),
    )
