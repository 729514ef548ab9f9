"""`pii.record_keys`: which id stands behind a record key, for erasure, access requests and evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from alluvium.contracts.contract import Contract
from alluvium.lake import delta, driver_delta
from alluvium.settings import Settings
from alluvium.tables.ingest import PII_RECORD_KEYS, pii_twin
from spark_jobs.ingest import footprint
from spark_jobs.ingest.few import record_keys as few


def _of_contract(spark: SparkSession, contract: Contract, run_date: date) -> DataFrame:
    twin = pii_twin(contract)
    assert twin is not None
    assert contract.record is not None
    rows = delta.read(spark, twin).where(
        (F.col("_run_date") == F.lit(run_date)) & F.col("record_key").isNotNull()
    )
    return rows.select(
        F.lit(contract.source).alias("source"), F.col(contract.record).alias("source_id"), "record_key"
    )


def _are_few(contracts: Sequence[Contract], run_date: date, settings: Settings) -> bool:
    twins = [twin for contract in contracts if (twin := pii_twin(contract)) is not None]
    count = sum(footprint.row_count(twin, settings, _run_date=run_date) for twin in twins)
    return count <= driver_delta.MOST_ROWS


def add(spark: SparkSession, contracts: Sequence[Contract], run_date: date, settings: Settings) -> None:
    """Add the records of the run date's batches; those that are there stay. One commit for all contracts."""
    with_records = [contract for contract in contracts if contract.record]
    if not with_records:
        return
    if driver_delta.is_local(spark) and _are_few(with_records, run_date, settings):
        few.add(with_records, run_date, settings)
        return
    parts = [_of_contract(spark, contract, run_date) for contract in with_records]
    found = reduce(lambda left, right: left.unionAll(right), parts).distinct()
    delta.merge(found, PII_RECORD_KEYS, on=PII_RECORD_KEYS.key)
