"""Customers who share a home: a relation between customers, who are never merged for it.

A customer lives where the newest of its records with an address says. Two live together when street, house
and postal code (or town, where one of them has no code) are the same, no two flats are named, and the
surnames are related. The household's id comes from the oldest customer id in it, so it stays while that
customer does, and nothing is remembered beside customer ids.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import polars as pl

from spark_jobs.identity import cluster, compare, pairs, text
from spark_jobs.identity.compare import Bools
from spark_jobs.identity.pairs import Ints

MOST_AT_HOME = 50  # customers at one address; more are an office, a hostel, a placeholder
COLUMNS = {"customer_id": pl.String, "household_id": pl.String, "count_customers": pl.Int32}


def _homes(records: pl.DataFrame, strict: pl.DataFrame) -> pl.DataFrame:
    """One row per customer with an address and a surname: its newest, in forms that can be compared."""
    current = strict.filter("is_current").select("record_key", "customer_id")
    told = records.drop_nulls(["street", "last_name"]).filter(
        pl.any_horizontal(pl.col("postal_code", "city").is_not_null())
    )
    newest = told.join(current, on="record_key").sort("customer_id", "observed_at", "record_key")
    return (
        newest.group_by("customer_id", maintain_order=True)
        .last()
        .select(
            "customer_id",
            text.street_core(pl.col("street")).alias("street"),
            text.unit(pl.col("street")).fill_null("").alias("unit"),
            text.folded(pl.col("city")).fill_null("").alias("town"),
            pl.col("postal_code").fill_null("").alias("post"),
            text.without_titles(text.folded(pl.col("last_name"))).alias("last"),
        )
        .drop_nulls(["street", "last"])
    )


def _neighbours(homes: pl.DataFrame) -> tuple[Ints, Ints]:
    """Pairs of customers in houses of one street address, whatever the town."""
    few = homes.with_row_index("number").filter(pl.len().over("street", "town", "post") <= MOST_AT_HOME)
    found = []
    for place in ("post", "town"):
        rows = few.filter(pl.col(place) != "").sort("street", place, "number")
        groups = rows.select(pl.struct("street", place).rank("dense")).to_series().to_numpy().astype(np.int64)
        found.append(pairs.within(groups, rows["number"].to_numpy().astype(np.int64), MOST_AT_HOME))
    return tuple(np.concatenate(side) for side in zip(*found, strict=True))  # type: ignore[return-value]


def _lives_with(homes: pl.DataFrame, left: Ints, right: Ints) -> Bools:
    """Which pairs of one street address share the flat, the place and the family."""

    def both(column: str) -> tuple[np.ndarray, np.ndarray]:
        values = homes[column].to_numpy().astype(object)
        return values[left], values[right]

    def agree(column: str) -> Bools:
        one, other = both(column)
        return np.asarray((one == other) | (one == "") | (other == ""))

    return agree("unit") & agree("post") & compare.related(*both("last"))


def _ids(labels: Ints, customers: pl.Series, ages: pl.DataFrame) -> pl.DataFrame:
    """COLUMNS of those who share a home; a household is named by its oldest customer."""
    of = pl.DataFrame({"customer_id": customers, "home": labels}).join(ages, on="customer_id")
    shared = of.filter(pl.len().over("home") > 1).sort("home", "born_on", "customer_id")
    oldest = shared.group_by("home", maintain_order=True).agg(
        pl.col("customer_id").first().alias("oldest"), pl.len().alias("count_customers")
    )
    names = [f"H{sha256(f'household/{each}'.encode()).hexdigest()[:16]}" for each in oldest["oldest"]]
    named = oldest.with_columns(pl.Series("household_id", names, dtype=pl.String))
    return shared.join(named, on="home").select(*COLUMNS).cast(COLUMNS).sort("customer_id")  # type: ignore[arg-type]


def find(records: pl.DataFrame, strict: pl.DataFrame) -> pl.DataFrame:
    """customer_id, household_id, count_customers of every customer who shares a home.

    `records`: clean records; `strict`: periods of the strict tier.
    """
    homes = _homes(records, strict)
    left, right = _neighbours(homes)
    together = _lives_with(homes, left, right)
    labels = cluster.components(homes.height, left[together], right[together])
    ages = strict.group_by("customer_id").agg(pl.col("opened_on").min().alias("born_on"))
    return _ids(labels, homes["customer_id"], ages)
