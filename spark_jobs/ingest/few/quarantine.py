"""As `spark_jobs.ingest.quarantine`, for bad rows that are here."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from pyspark.sql import SparkSession

from alluvium.contracts.contract import Contract
from alluvium.lake import delta, driver_delta
from alluvium.settings import Settings
from alluvium.tables.ingest import PII_QUARANTINE
from spark_jobs.ingest import footprint
from spark_jobs.ingest.few.counting import is_suppressed
from spark_jobs.ingest.quarantine import DISCARDED, OPEN, SUPPRESSED, slice_of


def rows_of(bad: pa.Table, contract: Contract, run_date: date, discarded: frozenset[str]) -> pa.Table:
    """Judged rows in the shape of `pii.quarantine`; `discarded` are hashes that somebody gave up before."""

    def all_rows(value: object, kind: pa.DataType) -> pa.Array:
        return pa.array([value] * bad.num_rows, kind)

    statuses = [
        DISCARDED if row_hash in discarded else SUPPRESSED if is_suppressed(found) else OPEN
        for row_hash, found in zip(bad["_row_hash"].to_pylist(), bad["_reasons"].to_pylist(), strict=True)
    ]
    columns = {
        "source": all_rows(contract.source, pa.string()),
        "entity": all_rows(contract.entity, pa.string()),
        "run_date": all_rows(run_date, pa.date32()),
        "source_file": bad["_source_file"],
        "row_number": bad["_row_number"],
        "raw_payload": bad["_raw"],
        "header": bad["_header"],
        "reasons": bad["_reasons"],
        "contract_version": all_rows(contract.version, pa.string()),
        "status": pa.array(statuses, pa.string()),
        "record_key": bad["record_key"] if contract.record else all_rows(None, pa.string()),
        "_row_hash": bad["_row_hash"],
        "quarantined_on": all_rows(run_date, pa.date32()),
    }
    return pa.table(columns)


def _discarded(settings: Settings, predicate: str) -> frozenset[str]:
    """Hashes of the slice's rows that somebody discarded."""
    path = str(settings.lake / PII_QUARANTINE.schema / PII_QUARANTINE.name)
    query = f"SELECT _row_hash FROM held WHERE {predicate} AND status = '{DISCARDED}'"
    found = QueryBuilder().register("held", DeltaTable(path)).execute(query)
    return frozenset(driver_delta.as_arrow(found)["_row_hash"].to_pylist())


def replace(
    spark: SparkSession, bad: pa.Table, contract: Contract, run_date: date, settings: Settings
) -> None:
    """Make the batch's slice of the quarantine equal to `bad`; what was discarded stays discarded."""
    partition = {"run_date": run_date, "source": contract.source, "entity": contract.entity}
    is_first = footprint.is_empty(PII_QUARANTINE, settings, **partition)
    if is_first and not bad.num_rows:
        return
    predicate = slice_of(contract, run_date)
    discarded = frozenset() if is_first else _discarded(settings, predicate)
    delta.replace_rows(spark, rows_of(bad, contract, run_date, discarded), PII_QUARANTINE, predicate)
