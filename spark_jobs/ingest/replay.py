"""Drive the open rows of the quarantine again under today's contracts.

Reads   pii.quarantine: the open rows of the run date; bronze.* and pii.* of that run date
Writes  what `ingest.load` writes, into the partition that each row was delivered for
Rerun   nothing more: a row that is in bronze enters no second time, and one that still fails stays open
Options source, entity: only that one
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from alluvium.contracts import contract as contracts
from alluvium.contracts.contract import Contract
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake import delta
from alluvium.privacy import erasures, keys
from alluvium.table import Table
from alluvium.tables import ingest as tables
from alluvium.tables.ingest import PII_QUARANTINE
from spark_jobs.ingest import counting, footprint, quarantine, reasons, record_keys, references, silver, turn
from spark_jobs.ingest.batch import LOADED, REFUSED, Bench
from spark_jobs.ingest.batch_ledger import Row, after_replay, read_day, write
from spark_jobs.ingest.judging import Judgement, is_bad, is_good, judge
from spark_jobs.ingest.load import chosen
from spark_jobs.ingest.reading import read_again
from spark_jobs.ingest.recipe import recipe_of

# No contract can mend these: only a text stands in for what came.
BEYOND_CONTRACTS = (reasons.UNREADABLE_FILE, reasons.NOT_UTF8)


def judged_again(open_rows: DataFrame, contract: Contract, bench: Bench) -> DataFrame:
    """Rows of the quarantine under the contract as it is now, in the shape of `judge`."""
    recipe = recipe_of(contract, bench.key_file, bench.erasures)
    hopeless = F.array_intersect("reasons", F.array(*[F.lit(code) for code in BEYOND_CONTRACTS]))
    problem = F.when(F.size(hopeless) > 0, F.element_at(hopeless, 1)).alias("problem")
    texts = open_rows.select("source_file", "row_number", "raw_payload", "header", problem)
    delivered = texts.mapInArrow(partial(read_again, recipe=recipe), recipe.ddl)
    known = bench.known(contract, references.REJECT)
    return judge(delivered, contract, bench.by, keep_raw=True, known=known)


def _in_shape(rows: DataFrame, table: Table) -> DataFrame:
    return rows.select(
        [F.col(name).cast(kind).alias(name) for name, (kind, _) in (table.columns or {}).items()]
    )


def _add(good: DataFrame, table: Table, bench: Bench) -> None:
    """The day's partition with the rows that it does not have yet, in one commit."""
    there = delta.read(bench.spark, table).where(F.col("_run_date") == F.lit(bench.by.run_date))
    new = good.join(there.select("_row_hash"), on="_row_hash", how="left_anti")
    whole = _in_shape(there, table).unionByName(_in_shape(new, table))
    delta.replace_where(whole, table, f"_run_date = DATE'{bench.by.run_date}'")


def settled(before: DataFrame, judged: DataFrame, contract: Contract) -> DataFrame:
    """The batch's slice of the quarantine after a replay; decisions and earlier replays stay."""
    verdict = judged.select(
        F.col("_source_file").alias("source_file"),
        F.col("_row_number").alias("_number"),
        F.col("_reasons"),
    )
    same_row = [before.source_file == verdict.source_file, before.row_number.eqNullSafe(verdict["_number"])]
    rows = before.join(verdict, on=same_row, how="left").drop(verdict.source_file, verdict["_number"])
    was_open = (F.col("status") == quarantine.OPEN) & F.col("_reasons").isNotNull()
    is_accepted = was_open & (F.size("_reasons") == 0)
    still_bad = was_open & (F.size("_reasons") > 0)
    return rows.withColumns(
        {
            "status": F.when(is_accepted, F.lit(quarantine.REPLAYED)).otherwise(F.col("status")),
            "reasons": F.when(still_bad, F.col("_reasons")).otherwise(F.col("reasons")),
            "contract_version": F.when(was_open, F.lit(contract.version)).otherwise(
                F.col("contract_version")
            ),
        }
    ).drop("_reasons")


def _accept(good: DataFrame, contract: Contract, bench: Bench) -> None:
    accepted = counting.first_copies(good).withColumn("_run_date", F.lit(bench.by.run_date))
    twin = tables.pii_twin(contract)
    if twin is not None:
        _add(accepted, twin, bench)
    bronze = tables.bronze(contract)
    _add(accepted, bronze, bench)
    run_date = bench.by.run_date
    incoming = delta.read(bench.spark, bronze).where(F.col("_run_date") == F.lit(run_date))
    row_count = footprint.row_count(bronze, bench.settings, _run_date=run_date)
    silver.update(incoming, contract, run_date, bench.settings, row_count, count_conflicts=None)
    record_keys.add(bench.spark, [contract], run_date, bench.settings)


def replay(bench: Bench, contract: Contract, before: Row) -> Row | None:
    """Replay one batch; its new ledger row, None when no row of it is open."""
    run_date = bench.by.run_date
    slice_ = delta.read(bench.spark, PII_QUARANTINE).where(quarantine.slice_of(contract, run_date))
    open_rows = slice_.where(F.col("status") == quarantine.OPEN)
    judged = judged_again(open_rows, contract, bench).persist()
    try:
        good, bad = is_good(judged).count(), is_bad(judged).count()
        if not good + bad:
            return None
        if before["status"] == REFUSED and bad > contract.max_bad_share * (good + bad):
            raise AlluviumError(
                f"{contract.label} of {run_date} is still refused: {bad} of {good + bad} rows are bad",
                do="`alluvium quarantine show` has the reasons",
            )
        if good:
            _accept(is_good(judged), contract, bench)
        after = settled(slice_, judged, contract)
        delta.replace_where(after, PII_QUARANTINE, quarantine.slice_of(contract, run_date))
    finally:
        judged.unpersist()
    return after_replay(bench.spark, bench.settings, contract, before, LOADED)


def run(spark: SparkSession, config: JobConfig) -> Mapping[str, int]:
    """Replay the run date's batches one after the other; counts of rows that were accepted by it."""
    with turn.taken(config.settings):
        return _run(spark, config)


def _run(spark: SparkSession, config: JobConfig) -> Mapping[str, int]:
    everything = contracts.load_all(config.settings.sources)
    by_label = {contract.label: contract for contract in everything}
    key_file = keys.ensure_key(config.settings)
    before, erased = read_day(config), erasures.load(config.settings)
    accepted = replayed = 0
    for contract in chosen(config, everything):
        row = before.get((contract.source, contract.entity))
        place = {"run_date": config.run_date, "source": contract.source, "entity": contract.entity}
        if row is None or footprint.is_empty(PII_QUARANTINE, config.settings, **place):
            continue
        is_initial, has_erasures = bool(row["is_initial"]), bool(erased.times)
        by = Judgement(config.run_date, config.run_date_end, is_initial, has_erasures)
        after = replay(Bench(spark, config.settings, key_file, by, erased, by_label), contract, row)
        if after is not None:
            write([after], config)
            replayed += 1
            accepted += after["rows_accepted"] - row["rows_accepted"]
    return {"batches": replayed, "rows_accepted": accepted}
