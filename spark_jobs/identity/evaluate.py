"""How good clusters are against a known truth: pairwise and B-cubed precision, recall and F1.

Pairwise counts pairs of records, so large clusters weigh most; B-cubed (Bagga and Baldwin 1998) averages over
records. Only `alluvium identity evaluate` calls this: nothing that decides ever sees the truth.
"""

from __future__ import annotations

from typing import Any

import polars as pl


def _pairs(sizes: pl.Series) -> int:
    counts = sizes.cast(pl.Int64)
    return int((counts * (counts - 1) // 2).sum())


def _scores(precision: float, recall: float) -> dict[str, float]:
    both = precision + recall
    f1 = 2 * precision * recall / both if both else 0.0
    return {"precision": round(precision, 6), "recall": round(recall, 6), "f1": round(f1, 6)}


def pairwise(labelled: pl.DataFrame) -> dict[str, float]:
    """Scores over pairs of records that are together; without any pair they are 1."""
    right = _pairs(labelled.group_by("customer_id", "person_id").len()["len"])
    found = _pairs(labelled.group_by("customer_id").len()["len"])
    true = _pairs(labelled.group_by("person_id").len()["len"])
    return _scores(right / found if found else 1.0, right / true if true else 1.0)


def b_cubed(labelled: pl.DataFrame) -> dict[str, float]:
    """Scores averaged over records: how much of its cluster and of its person each record is with."""
    together = pl.len().over("customer_id", "person_id")
    shares = labelled.select(
        (together / pl.len().over("customer_id")).mean().alias("precision"),
        (together / pl.len().over("person_id")).mean().alias("recall"),
    ).row(0)
    return _scores(float(shares[0] or 0.0), float(shares[1] or 0.0))


def sizes(clusters: pl.DataFrame) -> list[dict[str, Any]]:
    """How many customers have how many records: records, customers, the smallest first."""
    per_customer = clusters.group_by("customer_id").agg(pl.len().alias("records"))
    counted = per_customer.group_by("records").agg(pl.len().alias("customers"))
    return counted.sort("records").to_dicts()


def worst(labelled: pl.DataFrame, most: int = 10) -> list[dict[str, Any]]:
    """The customers that hold most records of other people than their main one: ids and counts only."""
    per_person = labelled.group_by("customer_id", "person_id").len()
    mixed = per_person.group_by("customer_id").agg(
        pl.col("len").sum().alias("records"), pl.len().alias("people"), pl.col("len").max().alias("main")
    )
    wrong = mixed.with_columns((pl.col("records") - pl.col("main")).alias("strangers")).filter(
        pl.col("people") > 1
    )
    order = wrong.sort("strangers", "records", "customer_id", descending=[True, True, False])
    return order.select("customer_id", "records", "people", "strangers").head(most).to_dicts()


def scattered(labelled: pl.DataFrame, most: int = 10) -> list[dict[str, Any]]:
    """The people that are spread over most customers: the customers' ids."""
    spread = labelled.group_by("person_id").agg(
        pl.col("customer_id").unique().sort().alias("customer_ids"), pl.len().alias("records")
    )
    several = spread.filter(pl.col("customer_ids").list.len() > 1)
    order = several.sort(
        pl.col("customer_ids").list.len(), "records", "person_id", descending=[True, True, False]
    )
    return order.select("customer_ids", "records").head(most).to_dicts()


def measure(clusters: pl.DataFrame, truth: pl.DataFrame) -> dict[str, Any]:
    """All figures of one tier.

    `clusters`: record_key, customer_id; `truth`: record_key, person_id. Records that only one side knows are
    counted and left out of the scores.
    """
    labelled = clusters.join(truth, on="record_key")
    return {
        "records": labelled.height,
        "records_without_truth": clusters.height - labelled.height,
        "truth_without_record": truth.join(clusters, on="record_key", how="anti").height,
        "people": labelled["person_id"].n_unique(),
        "customers": labelled["customer_id"].n_unique(),
        "largest_customer": int(clusters.group_by("customer_id").len()["len"].max() or 0),  # type: ignore[arg-type]
        "pairwise": pairwise(labelled),
        "b_cubed": b_cubed(labelled),
        "worst_customers": worst(labelled),
        "most_scattered_people": scattered(labelled),
    }
