"""Who belonged to whom, and when: periods of records, what changed in a night, and where ended ids lead to.

A run date is taken back before it is made again, so its result depends on the days before it and on today's
clusters alone: the same night twice leaves the same rows, also after a corrected file. A period's `valid_to`
is the first day after it.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from spark_jobs.identity.assign import Memory, assign

PERIODS = {
    "record_key": pl.String,
    "source": pl.String,
    "record_kind": pl.String,
    "customer_id": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "is_current": pl.Boolean,
    "tier": pl.String,
    "opened_on": pl.Date,
}
REDIRECTS = {"old_customer_id": pl.String, "customer_id": pl.String, "changed_on": pl.Date}


def before(periods: pl.DataFrame, run_date: date) -> pl.DataFrame:
    """The periods as they were before the run date was made for the first time."""
    earlier = periods.filter(pl.col("opened_on") < run_date)
    was_open = pl.col("valid_to").is_null() | (pl.col("valid_to") >= run_date)
    return earlier.with_columns(
        pl.when(was_open).then(None).otherwise(pl.col("valid_to")).alias("valid_to"),
        was_open.alias("is_current"),
    )


def _last_members(periods: pl.DataFrame) -> pl.DataFrame:
    """The records that each ended id held on its last day: record_key, customer_id, valid_to."""
    living = periods.filter("is_current").select("customer_id").unique()
    ended = periods.join(living, on="customer_id", how="anti")
    return ended.filter(pl.col("valid_to") == pl.col("valid_to").max().over("customer_id")).select(
        "record_key", "customer_id", "valid_to"
    )


def memory(periods: pl.DataFrame) -> Memory:
    """What the periods of one tier say about ids."""
    return Memory(
        periods.filter("is_current").select("record_key", "customer_id"),
        _last_members(periods).drop("valid_to"),
        periods.sort("opened_on", "record_key")
        .group_by("customer_id", maintain_order=True)
        .agg(pl.col("opened_on").first().alias("born_on"), pl.col("record_key").first().alias("anchor")),
    )


def today(clusters: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Every record with its customer of today: the columns of `clusters` with customer_id and origin.

    `clusters` has record_key, cluster and what else describes the record, one row per record.
    """
    ids = assign(clusters.select("record_key", "cluster"), memory(periods))
    return clusters.join(ids, on="cluster").sort("record_key")


def advance(
    periods: pl.DataFrame, members: pl.DataFrame, tier: str, run_date: date, is_initial: bool
) -> pl.DataFrame:
    """The periods of one tier after today: those that ended are closed, new ones opened on the run date.

    In a first load of history the first period of a record begins with its first event (`first_seen_on`).
    """
    stays = members.select("record_key", "customer_id", pl.lit(True).alias("stays"))
    known = periods.join(stays, on=["record_key", "customer_id"], how="left")
    ends = pl.col("is_current") & pl.col("stays").is_null()
    closed = known.with_columns(
        pl.when(ends).then(pl.lit(run_date)).otherwise(pl.col("valid_to")).alias("valid_to"),
        (pl.col("is_current") & ~ends).alias("is_current"),
    ).select(PERIODS.keys())
    held = periods.filter("is_current").select("record_key", "customer_id")
    arrived = members.join(held, on=["record_key", "customer_id"], how="anti")
    # A record that changes its customer does so today, whatever else is loaded today.
    is_unseen = ~pl.col("record_key").is_in(periods["record_key"].unique().implode())
    since = pl.min_horizontal("first_seen_on", pl.lit(run_date))
    first_day = pl.when(is_unseen & pl.lit(is_initial)).then(since).otherwise(pl.lit(run_date))
    opened = arrived.with_columns(
        first_day.alias("valid_from"),
        pl.lit(None, pl.Date).alias("valid_to"),
        pl.lit(True).alias("is_current"),
        pl.lit(tier).alias("tier"),
        pl.lit(run_date).alias("opened_on"),
    ).select(PERIODS.keys())
    return pl.concat([closed, opened]).sort("record_key", "valid_from")


def redirects(periods: pl.DataFrame) -> pl.DataFrame:
    """From every ended id to the id of today that holds most of its last records; none when all are gone."""
    current = periods.filter("is_current").select("record_key", pl.col("customer_id").alias("successor"))
    led = _last_members(periods).join(current, on="record_key")
    counted = led.group_by("customer_id", "successor").agg(
        pl.len().alias("records"), pl.col("valid_to").first()
    )
    order = counted.sort("customer_id", "records", "successor", descending=[False, True, False])
    best = order.group_by("customer_id", maintain_order=True).first()
    return best.select(
        pl.col("customer_id").alias("old_customer_id"),
        pl.col("successor").alias("customer_id"),
        pl.col("valid_to").alias("changed_on"),
    ).cast(REDIRECTS)  # type: ignore[arg-type]
