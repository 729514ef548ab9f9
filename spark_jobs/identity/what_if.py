"""What other rules would do to the customers: the records decided twice, by both rules and one model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from spark_jobs.identity import matching
from spark_jobs.identity.matching import Given
from spark_jobs.identity.rules import Rules

EXAMPLES = 20


@dataclass(frozen=True)
class Difference:
    """What happens to each customer: `fate` has customer, fate, records, becomes (how many), meets (whom)."""

    fate: pl.DataFrame

    def counts(self) -> dict[str, int]:
        """Customers merged, split, both, unchanged."""
        found = dict(self.fate.group_by("fate").len().iter_rows())
        return {
            name: int(found.get(name, 0)) for name in ("merged", "split", "merged_and_split", "unchanged")
        }

    def touched(self) -> pl.Series:
        """Customers that do not stay as they are."""
        return self.fate.filter(pl.col("fate") != "unchanged")["customer"]

    def examples(self) -> list[dict[str, Any]]:
        """Some of those that change, those that touch most records first."""
        changed = self.fate.filter(pl.col("fate") != "unchanged")
        order = changed.sort("records", "customer", descending=[True, False])
        return order.head(EXAMPLES).to_dicts()


def compare(before: pl.DataFrame, after: pl.DataFrame) -> Difference:
    """`before` and `after`: record_key, customer (any name of the cluster) over the same records."""
    both = before.join(after.rename({"customer": "later"}), on="record_key")
    parts = both.group_by("customer").agg(
        pl.len().alias("records"), pl.col("later").n_unique().alias("becomes"), pl.col("later")
    )
    company = both.group_by("later").agg(pl.col("customer").unique().sort().alias("with"))
    met = (
        parts.explode("later").unique(["customer", "later"]).join(company, on="later").explode("with")
        .filter(pl.col("with") != pl.col("customer"))
        .group_by("customer").agg(pl.col("with").unique().sort().alias("meets"))
    )  # fmt: skip
    told = parts.drop("later").join(met, on="customer", how="left")
    is_split, is_merged = pl.col("becomes") > 1, pl.col("meets").is_not_null()
    fate = (
        pl.when(is_split & is_merged).then(pl.lit("merged_and_split"))
        .when(is_split).then(pl.lit("split"))
        .when(is_merged).then(pl.lit("merged"))
        .otherwise(pl.lit("unchanged"))
    )  # fmt: skip
    return Difference(
        told.select("customer", fate.alias("fate"), "records", "becomes", "meets").sort("customer")
    )


def decide(records: pl.DataFrame, bears: pl.DataFrame, given: Given, changed: Rules) -> Difference:
    """The difference between the rules given and the changed ones, in the strict tier, by the frozen model.

    Customers are named by the smallest record key of today's clusters.
    """

    def strict(rules: Rules) -> pl.DataFrame:
        found = matching.resolve(records, bears, replace(given, rules=rules)).clusters
        return found.select("record_key", pl.col("strict").alias("customer"))

    return compare(strict(given.rules), strict(changed))
