"""As `spark_jobs.ingest.silver`, for rows that are here: nothing of silver is read that cannot be met."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from alluvium.contracts.contract import Contract
from alluvium.contracts.ranking import outranks, rank_columns
from alluvium.settings import Settings
from alluvium.tables import ingest as tables
from spark_jobs.ingest import footprint, reach, silver
from spark_jobs.ingest.few import merging
from spark_jobs.ingest.few.counting import first_of_each


def winners(rows: pa.Table, contract: Contract) -> pa.Table:
    """The row of the highest rank of each key. A null ranks below every value."""
    order = [(name, "descending") for name in rank_columns(contract)]
    places = pc.sort_indices(rows, sort_keys=order)
    return first_of_each(rows.take(places), list(contract.silver_key))


def _with_closing(rows: pa.Table, contract: Contract, run_date: date, snapshots: list[date]) -> pa.Table:
    """Of a full snapshot, the first later one: it came without those keys that are not in it."""
    if not contract.full_snapshot:
        return rows
    closed_on = min((day for day in snapshots if day > run_date), default=None)
    return rows.append_column("_closed_on", pa.array([closed_on] * rows.num_rows, pa.date32()))


def update(
    spark: SparkSession,
    incoming: pa.Table,
    contract: Contract,
    run_date: date,
    settings: Settings,
    count_conflicts: int,
) -> None:
    """Bring silver up to date with the bronze partition of `run_date` that has just been replaced.

    `incoming` are that partition's rows; `count_conflicts` is how many of them share their key with another.
    """
    bronze, table = tables.bronze(contract), tables.silver(contract)
    snapshots = footprint.days(bronze, settings) if contract.full_snapshot else []
    if footprint.may_hold_day(table, settings, run_date):
        silver.repair(spark, contract, run_date, snapshots)
    if incoming.num_rows:
        best = winners(incoming, contract) if count_conflicts else incoming
        merging.merge(
            _with_closing(best, contract, run_date, snapshots),
            table,
            settings,
            on=contract.silver_key,
            compared=rank_columns(contract),
            update_when=outranks(contract),
            within=reach.reach_of(contract),
        )
    if len(snapshots) > 1:
        silver.close_absent(spark, contract, snapshots)
