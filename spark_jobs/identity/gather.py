"""From observations of the sources to one row per record, and one per record and identifier."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from spark_jobs.identity.rules import blocked_values
from spark_jobs.identity.standardise import FIELDS

KEPT_KEYS = ("loyalty_card", "user_id", "email", "phone", "anonymous_id")
_NEWEST_FIRST = ["record_key", "observed_at"]


def _by_record(observations: pl.DataFrame) -> pl.DataFrame:
    """Observations of each record, the newest first; a tie goes by content."""
    ties = [pl.col(field).cast(pl.String) for field in FIELDS]
    return observations.sort(
        *_NEWEST_FIRST, *ties, descending=[False, True, *(False for _ in ties)], nulls_last=True
    )


def identifiers(borne: pl.DataFrame, key_of: Callable[[str, str], str | None]) -> pl.DataFrame:
    """Every identifier that a record ever bore: record_key, kind, key, is_owner, observed_at (the last time).

    `borne` has those columns, one row per sight.
    `key_of(kind, value)` gives the key of a value; those of blocked values are left out.
    """
    blocked = {key_of(kind, value) for kind, values in blocked_values().items() for value in values}
    usable = borne.filter(~pl.col("key").is_in(sorted(b for b in blocked if b)))
    grouped = usable.group_by("record_key", "kind", "key")
    return grouped.agg(pl.col("is_owner").any(), pl.col("observed_at").max()).sort(
        "record_key", "kind", "key"
    )


def _newest_keys(bears: pl.DataFrame) -> pl.DataFrame:
    """The newest key of each kind that is kept beside the record; several users at once are none."""
    kept = bears.filter(pl.col("kind").is_in(KEPT_KEYS)).sort("record_key", "kind", "observed_at", "key")
    newest = kept.group_by("record_key", "kind").agg(pl.col("key").last(), pl.len().alias("count"))
    single = newest.filter((pl.col("kind") != "user_id") | (pl.col("count") == 1))
    wide = single.pivot("kind", index="record_key", values="key")
    missing = [pl.lit(None, pl.String).alias(kind) for kind in KEPT_KEYS if kind not in wide.columns]
    named = [pl.col(kind).alias(f"{kind}_key") for kind in KEPT_KEYS]
    return wide.with_columns(missing).select("record_key", *named)


def records(observations: pl.DataFrame, bears: pl.DataFrame) -> pl.DataFrame:
    """One row per record: the newest value of each field, first and last sight, the keys it bears now."""
    grouped = _by_record(observations).group_by("record_key", maintain_order=True)
    newest = [pl.col(field).drop_nulls().first() for field in ("source", "record_kind", *FIELDS)]
    merged = grouped.agg(*newest, pl.col("observed_at").max(), pl.col("first_seen_on").min())
    return merged.join(_newest_keys(bears), on="record_key", how="left").sort("record_key")
