"""Silver as a pure function of bronze: per key, the row of the highest rank.

For the rank see `alluvium.contracts.ranking`. A new day merges where its rank is higher and reads no old
bronze. Bronze is read again only for keys whose winner came from a partition that was replaced and is no
longer in it.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from alluvium.contracts.contract import Contract
from alluvium.contracts.ranking import outranks, rank_columns
from alluvium.lake import delta
from alluvium.settings import Settings
from alluvium.tables import ingest as tables
from spark_jobs.ingest import footprint, reach
from spark_jobs.ingest.counting import FEW, on_driver


def _placed(rows: DataFrame, contract: Contract) -> DataFrame:
    newest_first = [F.desc_nulls_last(name) for name in rank_columns(contract)]
    by_key = Window.partitionBy(*contract.silver_key).orderBy(*newest_first)
    return rows.withColumn("_place", F.row_number().over(by_key))


def winners(rows: DataFrame, contract: Contract) -> DataFrame:
    """The row of the highest rank of each key. A null ranks below every value."""
    return _placed(rows, contract).where("_place = 1").drop("_place")


def _without_losers(rows: DataFrame, contract: Contract) -> DataFrame:
    """As `winners`, for rows of which few share a key: only keys and ranks are sorted, not whole rows."""
    narrow = rows.select(*dict.fromkeys([*contract.silver_key, *rank_columns(contract)]))
    losers = _placed(narrow, contract).where("_place > 1").select("_row_hash")
    return rows.join(F.broadcast(on_driver(losers)), on="_row_hash", how="left_anti")


def best_of(rows: DataFrame, contract: Contract, count_conflicts: int | None) -> DataFrame:
    """One row per key of rows that differ in their hash. `count_conflicts`, when known, share a key."""
    if count_conflicts == 0:
        return rows
    if count_conflicts is None or count_conflicts > FEW:
        return winners(rows, contract)
    return _without_losers(rows, contract)


def with_closing(rows: DataFrame, contract: Contract, snapshots: list[date]) -> DataFrame:
    """Of full snapshots, the first one that came without the key: `_closed_on`."""
    if not contract.full_snapshot:
        return rows
    later = F.filter(F.array(*[F.lit(day) for day in snapshots]), lambda day: day > F.col("_run_date"))
    return rows.withColumn("_closed_on", F.array_min(later))


def _near(rows: DataFrame, contract: Contract) -> str:
    """SQL over `t` that holds for every row that can share a key with one of these."""
    within = reach.reach_of(contract)
    ends = {f"{end.__name__}.{name}": end(name) for name in within for end in (F.min, F.max)}
    [found] = rows.agg(*[column.alias(name) for name, column in ends.items()]).toArrow().to_pylist()
    return reach.condition({name: (found[f"min.{name}"], found[f"max.{name}"]) for name in within}, within)


def repair(spark: SparkSession, contract: Contract, run_date: date, snapshots: list[date]) -> None:
    """Give the keys whose winner left a replaced partition to the next in rank, or take them out."""
    bronze, silver = tables.bronze(contract), tables.silver(contract)
    keys = list(contract.silver_key)
    now_there = delta.read(spark, bronze).where(F.col("_run_date") == F.lit(run_date)).select("_row_hash")
    of_the_day = delta.read(spark, silver).where(F.col("_run_date") == F.lit(run_date))
    left = of_the_day.join(now_there, on="_row_hash", how="left_anti")
    orphaned = left.select(*reach.reach_of(contract)).persist()
    try:
        if orphaned.isEmpty():
            return
        near = delta.read(spark, bronze).alias("t").where(_near(orphaned, contract) or "true")
        candidates = near.join(F.broadcast(orphaned.select(*keys)), on=keys, how="left_semi")
        successors = winners(candidates, contract).transform(with_closing, contract, snapshots)
        delta.merge(successors, silver, on=keys, update_when="true")
        gone = orphaned.join(near.select(*keys).distinct(), on=keys, how="left_anti")
        delta.delete_keys(gone, silver, on=keys)
    finally:
        orphaned.unpersist()


def close_absent(spark: SparkSession, contract: Contract, snapshots: list[date]) -> None:
    silver = tables.silver(contract)
    before = delta.read(spark, silver)
    after = before.withColumnRenamed("_closed_on", "_was").transform(with_closing, contract, snapshots)
    changed = after.where(~F.col("_was").eqNullSafe(F.col("_closed_on"))).drop("_was")
    delta.merge(changed, silver, on=contract.silver_key, update_when="true")


def update(
    incoming: DataFrame,
    contract: Contract,
    run_date: date,
    settings: Settings,
    row_count: int,
    count_conflicts: int | None,
) -> None:
    """Bring silver up to date with the bronze partition of `run_date` that has just been replaced.

    `incoming` are that partition's rows, `row_count` their number; `count_conflicts`, when known, is how many
    of them share their key with another.
    """
    spark = incoming.sparkSession
    bronze, silver = tables.bronze(contract), tables.silver(contract)
    snapshots = footprint.days(bronze, settings) if contract.full_snapshot else []
    if footprint.may_hold_day(silver, settings, run_date):
        repair(spark, contract, run_date, snapshots)
    if row_count:
        best = best_of(incoming, contract, count_conflicts).transform(with_closing, contract, snapshots)
        if footprint.is_empty(silver, settings):
            delta.append(best, silver, count=row_count)
        else:
            delta.merge(
                best,
                silver,
                on=contract.silver_key,
                update_when=outranks(contract),
                target_condition=_near(best, contract) or None,
                count=row_count,
            )
    if len(snapshots) > 1:
        close_absent(spark, contract, snapshots)
