"""Load one batch of few rows. The order of effects is that of `spark_jobs.ingest.batch`."""

from __future__ import annotations

import time

import pyarrow as pa

from alluvium.contracts.contract import Contract
from alluvium.lake import delta, driver_delta
from alluvium.tables import ingest as tables
from spark_jobs.ingest import batch, batch_ledger, footprint, references
from spark_jobs.ingest.batch import SMALL_BYTES, Bench, Loaded
from spark_jobs.ingest.batch_ledger import Row
from spark_jobs.ingest.counting import Counts
from spark_jobs.ingest.events import Event
from spark_jobs.ingest.few import counting, quarantine, silver
from spark_jobs.ingest.judging import judge
from spark_jobs.ingest.landing import Delivery


def load(bench: Bench, delivery: Delivery, row: Row) -> Loaded | None:
    """Load one delivery as `batch.load` does; None when its rows are not few or the lake is elsewhere."""
    if delivery.byte_count >= SMALL_BYTES or not driver_delta.is_local(bench.spark):
        return None
    started = time.perf_counter()
    contract = delivery.contract
    delivered = batch.delivered_rows(bench, delivery)
    judged = judge(delivered, contract, bench.by, known=bench.known(contract, references.REJECT))
    rows = driver_delta.fetch(judged.coalesce(1), None)
    if rows is None:
        return None
    counts, once = counting.count(rows, contract)
    found = counting.count_reasons(rows)
    is_refused = counts.bad_share > contract.max_bad_share
    if is_refused:
        _, once = counting.count(batch.all_bad(delivered, contract, bench).toArrow(), contract)
        counts = counts.refused()
    events = [] if is_refused else _unknown(bench, contract, rows)
    _write(bench, contract, once, counts)
    return Loaded(batch.finished_row(row, counts, found, is_refused, started), events)


def _unknown(bench: Bench, contract: Contract, rows: pa.Table) -> list[Event]:
    if not contract.references:
        return []
    names = list(dict.fromkeys(references.held(contract, name) for name in contract.references))
    few = counting.is_good(rows).select(names)
    return batch.unknown(bench, contract, bench.spark.createDataFrame(few))


def _write(bench: Bench, contract: Contract, once: pa.Table, counts: Counts) -> None:
    """Quarantine, then the pii twin, then bronze, then silver: each done before the next begins."""
    run_date, settings = bench.by.run_date, bench.settings
    quarantine.replace(bench.spark, counting.is_bad(once), contract, run_date, settings)
    good = counting.is_good(once)
    accepted = good.append_column("_run_date", pa.array([run_date] * good.num_rows, pa.date32()))
    day = f"_run_date = DATE'{run_date}'"
    bronze, twin = tables.bronze(contract), tables.pii_twin(contract)
    if twin is not None:
        delta.replace_rows(bench.spark, accepted, twin, day)
    delta.replace_rows(bench.spark, accepted, bronze, day)
    written = footprint.row_count(bronze, settings, _run_date=run_date)
    batch_ledger.check_conservation(
        contract.label, {"run_date": run_date, **counts.as_row(), "rows_accepted": written}
    )
    silver.update(bench.spark, accepted, contract, run_date, settings, counts.rows_conflicting)
