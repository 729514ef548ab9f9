"""Load everything that was delivered for a run date, by contract.

Reads   landing/<source>/<entity>/run_date=<run date>/ of every contract
Writes  bronze.*, silver.*, pii.<source>_<entity>, pii.record_keys, pii.quarantine, ops.batches: that run
        date; ops.checks: what changed in the files; landing/ for contracts that read a topic
Rerun   the same rows; a batch whose files and contract are as before is not even read
Options source, entity: only that one; initial: a first load, no limit on lateness; force: read again
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from pyspark.sql import SparkSession

from alluvium.contracts import contract as contracts
from alluvium.contracts.contract import Contract
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig, explain
from alluvium.lake import delta
from alluvium.privacy import erasures, keys
from alluvium.tables.ingest import PII_QUARANTINE, PII_RECORD_KEYS, tables_of
from spark_jobs.ingest import (
    batch,
    batch_ledger,
    drift,
    events,
    landing,
    record_keys,
    references,
    topic,
    turn,
)
from spark_jobs.ingest.batch import Bench, Loaded
from spark_jobs.ingest.batch_ledger import Row
from spark_jobs.ingest.few import batch as few_rows
from spark_jobs.ingest.judging import Judgement
from spark_jobs.ingest.landing import Delivery

BATCHES_AT_ONCE = 3
Outcome = Loaded | Exception | None  # None: the batch stands as it is


def chosen(config: JobConfig, among: Sequence[Contract] | None = None) -> list[Contract]:
    """The contracts that the options name; all without options. Raises AlluviumError when there is none."""
    options = config.options
    found = [
        contract
        for contract in among or contracts.load_all(config.settings.sources)
        if options.get("source", contract.source) == contract.source
        and options.get("entity", contract.entity) == contract.entity
    ]
    if not found:
        wanted = "/".join(options.get(part, "*") for part in ("source", "entity"))
        raise AlluviumError(f"There is no contract for {wanted}", do="`alluvium ingest check` lists them")
    return found


def prepare(spark: SparkSession, wanted: Sequence[Contract]) -> None:
    """Create the tables that are missing, so that whoever reads them finds them, be they empty."""
    tables = [
        PII_RECORD_KEYS,
        PII_QUARANTINE,
        *(table for contract in wanted for table in tables_of(contract)),
    ]
    there = {
        f"{schema}.{row['tableName']}"
        for schema in sorted({table.schema for table in tables})
        for row in spark.sql(f"SHOW TABLES IN {schema}").collect()
    }
    missing = [table for table in tables if table.full_name not in there]
    with ThreadPoolExecutor(BATCHES_AT_ONCE) as pool:
        list(pool.map(lambda table: delta.create(spark, table), missing))


def _load_one(bench: Bench, delivery: Delivery, before: Row | None, config: JobConfig) -> Loaded | None:
    """What became of the batch; None when it stands already."""
    fingerprint = delivery.fingerprint()
    is_initial = bench.by.is_initial or bool(before and before["is_initial"])
    is_forced = config.is_set("force")
    if not is_forced and batch_ledger.is_unchanged(before, delivery.contract, fingerprint, is_initial):
        return None
    own = replace(bench, by=replace(bench.by, is_initial=is_initial))
    new_columns, drifts = drift.look(delivery, config.settings.landing_s3_endpoint_url)
    events.keep(drifts, config)
    drift.refuse(drifts, delivery)
    row = batch.empty_row(own, delivery, fingerprint, new_columns)
    if not delivery.files and (before is None or before["rows_read"] == 0):
        return Loaded(row)
    return few_rows.load(own, delivery, row) or batch.load(own, delivery, row)


def run(spark: SparkSession, config: JobConfig) -> Mapping[str, int]:
    """Load the run date's batches side by side, the largest first; counts over all of them.

    One load of a lake at a time: another one waits, and then finds its batches as they should be.
    """
    with turn.taken(config.settings):
        return _run(spark, config)


def _run(spark: SparkSession, config: JobConfig) -> Mapping[str, int]:
    everything = contracts.load_all(config.settings.sources)
    by_label = {contract.label: contract for contract in everything}
    wanted = chosen(config, everything)
    erased = erasures.load(config.settings)
    by = Judgement(config.run_date, config.run_date_end, config.is_set("initial"), bool(erased.times))
    bench = Bench(spark, config.settings, keys.ensure_key(config.settings), by, erased, by_label)
    waves = [_delivered(wave, config) for wave in references.in_order(wanted)]
    prepare(spark, [*wanted, *(c for c in references.targets(wanted, by_label) if c not in wanted)])
    before = batch_ledger.read_day(config)
    deliveries = [delivery for wave in waves for delivery in wave]
    outcomes = [outcome for wave in waves for outcome in _load_wave(bench, wave, before, config)]
    done = [outcome for outcome in outcomes if isinstance(outcome, Loaded)]
    rows = [loaded.row for loaded in done]
    accepted = {(row["source"], row["entity"]) for row in rows if row["rows_accepted"]}
    arrived = [contract for contract in wanted if (contract.source, contract.entity) in accepted]
    record_keys.add(spark, arrived, config.run_date, config.settings)
    events.keep([event for loaded in done for event in loaded.events], config)
    batch_ledger.write(rows, config)
    _raise_first(deliveries, outcomes)
    return _totals(rows, len(wanted))


def _delivered(wanted: Sequence[Contract], config: JobConfig) -> list[Delivery]:
    """What came for these contracts, the largest first; records of topics are landed before."""
    for contract in wanted:
        if contract.files.format == "kafka":
            topic.land(config.settings, contract, config.run_date, config.run_date_end)
    found = [landing.find(config.settings, contract, config.run_date) for contract in wanted]
    return sorted(found, key=lambda delivery: -delivery.byte_count)


def _load_wave(
    bench: Bench, wave: Sequence[Delivery], before: Mapping[tuple[str, str], Row], config: JobConfig
) -> list[Outcome]:
    def load(delivery: Delivery) -> Outcome:
        row = before.get((delivery.contract.source, delivery.contract.entity))
        try:
            return _load_one(bench, delivery, row, config)
        except Exception as error:  # noqa: BLE001 - one batch must not take the others with it; raised later
            return error

    with ThreadPoolExecutor(BATCHES_AT_ONCE) as pool:
        return list(pool.map(load, wave))


def _raise_first(deliveries: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
    for delivery, outcome in zip(deliveries, outcomes, strict=True):
        if isinstance(outcome, AlluviumError):
            raise outcome
        if isinstance(outcome, Exception):
            raise AlluviumError(
                f"{delivery.contract.label} could not be loaded: {explain(outcome)}",
                where=f"run date {delivery.run_date}",
            ) from outcome


def _totals(rows: Sequence[Row], batches: int) -> dict[str, int]:
    names = ("rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate", "rows_conflicting")
    return {
        "batches": batches,
        "loaded": len(rows),
        **{name: sum(row[name] for row in rows) for name in names},
    }
