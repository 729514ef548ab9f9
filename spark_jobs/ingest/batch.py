"""Load one batch: one contract, one run date. The order of effects survives a kill at any point."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from alluvium.contracts.contract import Contract
from alluvium.lake import delta
from alluvium.privacy.erasures import NOBODY, Erasures
from alluvium.settings import Settings
from alluvium.tables import ingest as tables
from spark_jobs.ingest import counting, footprint, quarantine, reasons, references, silver
from spark_jobs.ingest.batch_ledger import Row, check_conservation
from spark_jobs.ingest.counting import Counts
from spark_jobs.ingest.events import Event
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
    contracts: Mapping[str, Contract] = field(default_factory=dict)  # All there are, by label.

    def known(self, contract: Contract, on_missing: str) -> dict[str, DataFrame]:
        """The values that columns of the contract may have, see `references.known`."""
        return references.known(self.spark, contract, self.contracts, on_missing)


@dataclass(frozen=True)
class Loaded:
    """What became of a delivery: its row of `ops.batches`, and what people should know of it."""

    row: Row
    events: Sequence[Event] = ()


def delivered_rows(bench: Bench, delivery: Delivery) -> DataFrame:
    """All rows of a delivery as text; files are opened on the workers, which see the landing zone too."""
    endpoint = bench.settings.landing_s3_endpoint_url
    recipe = recipe_of(delivery.contract, bench.key_file, bench.erasures, endpoint)
    landed = bench.spark.createDataFrame(
        [(file.url, file.tag) for file in delivery.files], "url string, tag string"
    )
    return landed.mapInArrow(partial(read_files, recipe=recipe), recipe.ddl)


def all_bad(delivered: DataFrame, contract: Contract, bench: Bench) -> DataFrame:
    """Every row of a refused batch with its raw text; the good ones say why they are here."""
    known = bench.known(contract, references.REJECT)
    rows = judge(delivered, contract, bench.by, keep_raw=True, known=known)
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


def empty_row(bench: Bench, delivery: Delivery, fingerprint: str, new_columns: Sequence[str]) -> Row:
    """The ledger row of a delivery without a row in it."""
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
        "new_columns": json.dumps(new_columns),
        "contract_version": delivery.contract.version,
        "fingerprint": fingerprint,
        "seconds": 0.0,
    }


def unknown(bench: Bench, contract: Contract, good: DataFrame) -> list[Event]:
    """An event for each column of accepted rows with values that the table it refers to does not have."""
    known = bench.known(contract, references.WARN)
    counts = references.count_unknown(good, known, contract) if known else {}
    return [
        Event(
            f"unknown_{name}",
            f"bronze.{contract.name}",
            str(count),
            f"accepted rows whose value is not among those of {contract.references[name].to}; expected 0",
        )
        for name, count in counts.items()
    ]


def load(bench: Bench, delivery: Delivery, row: Row) -> Loaded:
    """Load one delivery; `row` is its ledger row so far. The caller writes what comes back."""
    started = time.perf_counter()
    contract = delivery.contract
    is_small = delivery.byte_count < SMALL_BYTES
    delivered = delivered_rows(bench, delivery)
    judged = judge(delivered, contract, bench.by, known=bench.known(contract, references.REJECT))
    judged = (judged.coalesce(1) if is_small else judged).persist()
    try:
        counts = counting.count(judged, contract, is_small)
        found = counting.count_reasons(is_bad(judged)) if counts.rows_quarantined else {}
        is_refused = counts.bad_share > contract.max_bad_share
        rows = all_bad(delivered, contract, bench) if is_refused else judged
        counts = counts.refused() if is_refused else counts
        copies = counts.rows_duplicate
        events = unknown(bench, contract, is_good(judged)) if contract.references and not is_refused else []
        _write(bench, contract, counting.first_copies(rows, copies) if copies else rows, counts)
    finally:
        judged.unpersist()
    return Loaded(finished_row(row, counts, found, is_refused, started), events)


def finished_row(row: Row, counts: Counts, found: Mapping[str, int], is_refused: bool, started: float) -> Row:
    """The ledger row of a batch that is written; `found` are rows by reason."""
    status = REFUSED if is_refused else LOADED
    seconds = round(time.perf_counter() - started, 3)
    became = {"status": status, "reasons": json.dumps(found), "seconds": seconds}
    return {**row, **counts.as_row(), **became}
