"""Rows that were not accepted, kept with every reason until somebody decides."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alluvium.contracts.contract import Contract
from alluvium.lake import delta
from alluvium.settings import Settings
from alluvium.tables.ingest import PII_QUARANTINE
from spark_jobs.ingest import footprint, reasons

OPEN, REPLAYED, DISCARDED, SUPPRESSED = "open", "replayed", "discarded", "suppressed"


def slice_of(contract: Contract, run_date: date) -> str:
    """The quarantine's partition of one batch, as SQL. Names and date are checked words, not values."""
    return f"run_date = DATE'{run_date}' AND source = '{contract.source}' AND entity = '{contract.entity}'"


def rows_of(bad: DataFrame, contract: Contract, run_date: date) -> DataFrame:
    """Judged rows in the shape of `pii.quarantine`: open, but for those that may not be kept."""
    record_key = F.col("record_key") if contract.record else F.lit(None).cast("string")
    return bad.select(
        F.lit(contract.source).alias("source"),
        F.lit(contract.entity).alias("entity"),
        F.lit(run_date).alias("run_date"),
        F.col("_source_file").alias("source_file"),
        F.col("_row_number").alias("row_number"),
        F.col("_raw").alias("raw_payload"),
        F.col("_header").alias("header"),
        F.col("_reasons").alias("reasons"),
        F.lit(contract.version).alias("contract_version"),
        F.when(reasons.is_suppressed(), SUPPRESSED).otherwise(OPEN).alias("status"),
        record_key.alias("record_key"),
        "_row_hash",
        F.lit(run_date).alias("quarantined_on"),
    )


def keep_decisions(rows: DataFrame, before: DataFrame) -> DataFrame:
    """What somebody discarded stays discarded when the batch is loaded again."""
    decided = before.where(F.col("status") == DISCARDED).select(
        "_row_hash", F.col("status").alias("_decided")
    )
    joined = rows.join(decided, on="_row_hash", how="left")
    return joined.withColumn("status", F.coalesce("_decided", "status")).drop("_decided")


def replace(bad: DataFrame, contract: Contract, run_date: date, settings: Settings, row_count: int) -> None:
    """Make the batch's slice of the quarantine equal to `bad`, which has that many rows."""
    partition = {"run_date": run_date, "source": contract.source, "entity": contract.entity}
    is_first = footprint.is_empty(PII_QUARANTINE, settings, **partition)
    if is_first and not row_count:
        return
    rows = rows_of(bad, contract, run_date)
    predicate = slice_of(contract, run_date)
    if not is_first:
        rows = keep_decisions(rows, delta.read(bad.sparkSession, PII_QUARANTINE).where(predicate))
    delta.replace_where(rows, PII_QUARANTINE, predicate, count=row_count)
