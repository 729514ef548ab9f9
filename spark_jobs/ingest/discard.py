"""Give up open rows of the quarantine: they stay, and no replay takes them up again.

Reads   pii.quarantine: the open rows of the run date
Writes  pii.quarantine: the same rows, discarded
Rerun   nothing more
Options source, entity: only that one; reason: only rows with that reason
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from alluvium.contracts.contract import Contract
from alluvium.job import JobConfig
from alluvium.lake import delta
from alluvium.tables.ingest import PII_QUARANTINE
from spark_jobs.ingest import footprint, quarantine, turn
from spark_jobs.ingest.load import chosen


def discard(spark: SparkSession, contract: Contract, config: JobConfig) -> int:
    """Discard one batch's open rows; how many they were."""
    predicate = quarantine.slice_of(contract, config.run_date)
    rows = delta.read(spark, PII_QUARANTINE).where(predicate)
    wanted = F.col("status") == quarantine.OPEN
    if reason := config.options.get("reason"):
        wanted &= F.array_contains("reasons", reason)
    count = rows.where(wanted).count()
    if count:
        status = F.when(wanted, F.lit(quarantine.DISCARDED)).otherwise(F.col("status"))
        delta.replace_where(rows.withColumn("status", status), PII_QUARANTINE, predicate)
    return count


def run(spark: SparkSession, config: JobConfig) -> Mapping[str, int]:
    """Discard the run date's open rows; the ledger does not change, they were not accepted before either."""
    found = 0
    with turn.taken(config.settings):
        for contract in chosen(config):
            place = {"run_date": config.run_date, "source": contract.source, "entity": contract.entity}
            if not footprint.is_empty(PII_QUARANTINE, config.settings, **place):
                found += discard(spark, contract, config)
    return {"rows_discarded": found}
