"""Load one batch: one contract, one run date. The order of effects survives a kill at any point."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from alluvium import delta
from alluvium.contract import Contract
from alluvium.erasures import NOBODY, Erasures
from alluvium.settings import Settings
from alluvium.tables import ingest as tables
from spark_jobs.ingest import counting, footprint, quarantine, reasons, silver
from spark_jobs.ingest.batch_ledger import Row, check_conservation
from spark_jobs.ingest.counting import Counts
from spark_jobs.ingest.drift import new_columns
from spark_jobs.ingest.judging import Judgement, is_bad, is_good, judge
from spark_jobs.ingest.landing import Delivery
from spark_jobs.ingest.reading import read_files
from spark_jobs.ingest.recipe import recipe_of

LOADED, REFUSED, EMPTY = "loaded", "refused", "empty"
# Below this a single task is faster than any exchange between tasks.
SMALL_BYTES = 4 * 2**20


@dataclass(frozen=True)
class Bench:
    """What every batch of a run works with."""

    spark: SparkSession
    settings: Settings
    key_file: Path
    by: Judgement
    erasures: Erasures = NOBODY


def delivered_rows(bench: Bench, delivery: Delivery) -> DataFrame:
    """All rows of a delivery as text; files are opened on the workers, which see the landing zone too."""
    recipe = recipe_of(delivery.contract, bench.key_file, bench.erasures)
    paths = bench.spark.createDataFrame([(str(path),) for path in delivery.files], "path string")
    return paths.mapInArrow(partial(read_files, recipe=recipe), recipe.ddl)


def _all_bad(delivered: DataFrame, contract: Contract, by: Judgement) -> DataFrame:
    """Every row of a refused batch with its raw text; the good ones say why they are here."""
    rows = judge(delivered, contract, by, keep_raw=True)
    refused = F.when(F.size("_reasons") == 0, F.array(F.lit(reasons.BATCH_REFUSED))).otherwise(
        F.col("_reasons")
    )
    return rows.withColumn("_reasons", refused)


def _write(bench: Bench, contract: Contract, rows: DataFrame, counts: Counts) -> None:
    """Quarantine, then the pii twin, then bronze, then silver: each done before the next begins."""
    run_date = bench.by.run_date
    quarantine.replace(is_bad(rows), contract, run_date, bench.settings, counts.rows_quarantined)
    accepted = is_good(rows).withColumn("_run_date", F.lit(run_date))
    day = f"_run_date = DATE'{run_date}'"
    bronze, twin = tables.bronze(contract), tables.pii_twin(contract)
    if twin is not None:
        delta.replace_where(accepted, twin, day, count=counts.rows_accepted)
    delta.replace_where(accepted, bronze, day, count=counts.rows_accepted)
    written = footprint.row_count(bronze, bench.settings, _run_date=run_date)
    check_conservation(contract.label, {"run_date": run_date, **counts.as_row(), "rows_accepted": written})
    silver.update(accepted, contract, run_date, bench.settings, written, counts.rows_conflicting)


def empty_row(bench: Bench, delivery: Delivery, fingerprint: str) -> Row:
    """The ledger row of a delivery without a row in it.

    Raises AlluviumError when a file has a new column and the contract does not allow that.
    """
    return {
        "source": delivery.contract.source,
        "entity": delivery.contract.entity,
        "run_date": delivery.run_date,
        **Counts().as_row(),
        "status": EMPTY,
        "reasons": "{}",
        "is_initial": bench.by.is_initial,
        "file_count": len(delivery.files),
        "byte_count": delivery.byte_count,
        "new_columns": json.dumps(new_columns(delivery)),
        "contract_version": delivery.contract.version,
        "fingerprint": fingerprint,
        "seconds": 0.0,
    }


def load(bench: Bench, delivery: Delivery, fingerprint: str) -> Row:
    """Load one delivery and return its row of `ops.batches`, which the caller writes when the data stands."""
    started = time.perf_counter()
    contract = delivery.contract
    row = empty_row(bench, delivery, fingerprint)
    is_small = delivery.byte_count < SMALL_BYTES
    delivered = delivered_rows(bench, delivery)
    judged = judge(delivered, contract, bench.by)
    judged = (judged.coalesce(1) if is_small else judged).persist()
    try:
        counts = counting.count(judged, contract, is_small)
        found = counting.count_reasons(is_bad(judged)) if counts.rows_quarantined else {}
        is_refused = counts.bad_share > contract.max_bad_share
        rows = _all_bad(delivered, contract, bench.by) if is_refused else judged
        counts = counts.refused() if is_refused else counts
        copies = counts.rows_duplicate
        _write(bench, contract, counting.first_copies(rows, copies) if copies else rows, counts)
    finally:
        judged.unpersist()
    status = REFUSED if is_refused else LOADED
    seconds = round(time.perf_counter() - started, 3)
    return {**row, **counts.as_row(), "status": status, "reasons": json.dumps(found), "seconds": seconds}
