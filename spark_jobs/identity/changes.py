"""What happened to customer ids in one night, told from yesterday's and today's customer of each record.

created   an id that had no records yesterday; cause: new_record, or parted when its records had another id,
          or restored when an ended id came back
attached  a record that had no customer yesterday joined one that existed
merged    to the id that stays: another id ended in it
split     to the id that received records: they had another id, which lives on
retired   an id without records; cause merged with its successor, or no_records
"""

from __future__ import annotations

from datetime import date

import polars as pl

CHANGES = {
    "run_date": pl.Date,
    "tier": pl.String,
    "change": pl.String,
    "customer_id": pl.String,
    "other_customer_id": pl.String,
    "record_key": pl.String,
    "cause": pl.String,
    "count_records": pl.Int32,
}


def _event(rows: pl.DataFrame, change: str, cause: pl.Expr) -> pl.DataFrame:
    """Rows in the shape of the table; what they do not say is null."""
    said = rows.with_columns(pl.lit(change).alias("change"), cause.alias("cause"))
    missing = [pl.lit(None, kind).alias(name) for name, kind in CHANGES.items() if name not in said.columns]
    return said.with_columns(missing)


def _created(both: pl.DataFrame, living: pl.Series) -> pl.DataFrame:
    born = both.filter(pl.col("customer_id").is_not_null() & ~pl.col("customer_id").is_in(living.implode()))
    rows = born.group_by("customer_id", "origin").agg(
        pl.len().alias("count_records"), pl.col("former").drop_nulls().mode().min().alias("other_customer_id")
    )
    parted = (
        pl.when(pl.col("other_customer_id").is_not_null())
        .then(pl.lit("parted"))
        .otherwise(pl.lit("new_record"))
    )
    return _event(
        rows, "created", pl.when(pl.col("origin") == "restored").then(pl.lit("restored")).otherwise(parted)
    )


def _attached(both: pl.DataFrame, living: pl.Series) -> pl.DataFrame:
    joined = both.filter(pl.col("former").is_null() & pl.col("customer_id").is_in(living.implode()))
    rows = joined.select("customer_id", "record_key", pl.lit(1).alias("count_records"))
    return _event(rows, "attached", pl.lit("new_record"))


def _moved(both: pl.DataFrame, surviving: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    moved = both.filter(pl.col("former") != pl.col("customer_id"))
    rows = moved.group_by("customer_id", pl.col("former").alias("other_customer_id")).agg(
        pl.len().alias("count_records")
    )
    lives_on = pl.col("other_customer_id").is_in(surviving.implode())
    merged = _event(rows.filter(~lives_on), "merged", pl.lit("merged"))
    return merged, _event(rows.filter(lives_on), "split", pl.lit("parted"))


def _retired(both: pl.DataFrame, surviving: pl.Series) -> pl.DataFrame:
    gone = both.filter(pl.col("former").is_not_null() & ~pl.col("former").is_in(surviving.implode()))
    rows = gone.group_by(pl.col("former").alias("customer_id")).agg(
        pl.len().alias("count_records"),
        pl.col("customer_id").drop_nulls().mode().min().alias("other_customer_id"),
    )
    is_merged = pl.col("other_customer_id").is_not_null()
    return _event(rows, "retired", pl.when(is_merged).then(pl.lit("merged")).otherwise(pl.lit("no_records")))


def tell(yesterday: pl.DataFrame, members: pl.DataFrame, tier: str, run_date: date) -> pl.DataFrame:
    """The changes of one tier, sorted. `yesterday`: record_key, customer_id; `members`: those and origin."""
    former = yesterday.rename({"customer_id": "former"})
    both = former.join(
        members.select("record_key", "customer_id", "origin"), on="record_key", how="full", coalesce=True
    )
    living, surviving = yesterday["customer_id"].unique(), members["customer_id"].unique()
    merged, split = _moved(both, surviving)
    parts = [_created(both, living), _attached(both, living), merged, split, _retired(both, surviving)]
    stamped = [
        part.with_columns(pl.lit(run_date).alias("run_date"), pl.lit(tier).alias("tier")) for part in parts
    ]
    shaped = [part.select(CHANGES.keys()).cast(CHANGES) for part in stamped]  # type: ignore[arg-type]
    return pl.concat(shaped).sort(pl.all(), nulls_last=True)
