"""Publish what to show each customer: candidates after rules and consent, filled up for everybody.

Reads   ml.recommendation_candidates, ml.popular_product_candidates, ml.regional_product_candidates,
        ml.similar_product_candidates as of run_date + 1; gold.customers, gold.products, gold.order_lines
Writes  published.recommendations, the run date replaced and nights older than 90 days dropped;
        published.popular_products and published.similar_products, replaced;
        published.recommendation_results of the nights whose windows end with the run date
        exports/.recommendations/<run_date>/, drafts that `publish.deliver` puts in their place
Rerun   the same rows
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
from pyspark.sql import functions as F

from alluvium import catalog
from alluvium.job import JobConfig
from alluvium.lake import delta, driver_sql
from spark_jobs.publish import many_customers, recommendation_files, recommendation_results
from spark_jobs.publish.lists import EVERYWHERE, NO_CONSENT, POPULARITY, SCHEMA, Shelf, lists, shelf
from spark_jobs.publish.merchandising import boosts, restrictions
from spark_jobs.publish.merchandising.rows import ATTRIBUTES, meant

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

POPULAR_PRODUCTS = 200
# The driver holds 30 kB a customer: candidates and purchases. Beyond it Spark does a batch at a time.
MOST_CUSTOMERS = 50_000

COUNT_CUSTOMERS = "SELECT count(*) AS customers FROM gold.customers"
# A customer without a recorded permission counts as refused.
CUSTOMERS = """
SELECT people.customer_id, coalesce(people.is_personalisation_allowed, false) AS is_personalised,
    people.region, people.age_band, consents.granted
FROM gold.customers AS people
LEFT JOIN (
    SELECT customer_id, string_agg(purpose, ' ') AS granted FROM gold.consents
    WHERE is_current AND status = 'granted' GROUP BY customer_id
) AS consents ON consents.customer_id = people.customer_id
"""
# Sold now, and nothing like petrol or coupons.
PRODUCTS = f"""
SELECT product_name, {", ".join(ATTRIBUTES)} FROM gold.products WHERE is_current AND is_recommendable
"""
BOUGHT = """
SELECT DISTINCT customer_id, product_id FROM gold.order_lines
WHERE customer_id IS NOT NULL AND ordered_on < DATE'{as_of_date}'
"""
CANDIDATES = f"""
SELECT {", ".join(SCHEMA)} FROM ml.recommendation_candidates WHERE as_of_date = DATE'{{as_of_date}}'
"""
POPULAR = """
SELECT rank, product_id, count_customers FROM ml.popular_product_candidates
WHERE as_of_date = DATE'{as_of_date}'
"""
NEARBY = """
SELECT region, rank, product_id, count_customers FROM ml.regional_product_candidates
WHERE as_of_date = DATE'{as_of_date}'
"""
SIMILAR = """
SELECT product_id, rank, similar_product_id, score FROM ml.similar_product_candidates
WHERE as_of_date = DATE'{as_of_date}'
"""
LAST_NIGHT = """
SELECT max(run_date) AS run_date FROM published.recommendations WHERE run_date < DATE'{run_date}'
"""
NEW_SINCE = """
SELECT count(*) AS new_products FROM published.recommendations AS today
WHERE today.run_date = DATE'{run_date}' AND NOT EXISTS (
    SELECT 1 FROM published.recommendations AS before WHERE before.run_date = DATE'{last_night}'
    AND before.customer_id = today.customer_id AND before.placement = today.placement
    AND before.product_id = today.product_id
)
"""
COUNTS = f"""
SELECT count(*) AS rows_written, count(DISTINCT customer_id) AS customers,
    count(CASE WHEN model = '{POPULARITY}' THEN 1 END) AS popular,
    count(CASE WHEN reason_code = '{NO_CONSENT}' THEN 1 END) AS no_consent
FROM published.recommendations WHERE run_date = DATE'{{run_date}}'
"""


class Asker:
    """Questions of one night: the dates of the run are filled in."""

    def __init__(self, spark: SparkSession, config: JobConfig) -> None:
        self.spark, self.config = spark, config

    def text(self, query: str, **values: object) -> str:
        """The query with its dates."""
        return query.format(as_of_date=self.config.as_of_date, run_date=self.config.run_date, **values)

    def arrow(self, query: str) -> pa.Table:
        """The answer of a query whose dates are filled in."""
        return driver_sql.ask(self.spark, self.config.settings, query)

    def rows(self, query: str, **values: object) -> pl.DataFrame:
        """The answer."""
        return pl.DataFrame(pl.from_arrow(self.arrow(self.text(query, **values))))


def similar_showable(similar: pl.DataFrame, shown: Shelf) -> pl.DataFrame:
    """Similar products that may be shown, ranked without gaps; a restricted one beside its own kind only."""
    rules = shown.restricted.rename({"product_id": "similar_product_id"})
    marked = similar.join(rules, on="similar_product_id")
    apart = marked.join(shown.restricted, on=["product_id", "rule"], how="anti")
    showable = shown.products.select(similar_product_id="product_id")
    kept = similar.join(showable, on="similar_product_id", how="semi").join(
        apart, on=["product_id", "similar_product_id"], how="anti"
    )
    position = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("product_id")
    return kept.sort("product_id", "rank").with_columns(rank=position)


def todays_shelf(asker: Asker) -> Shelf:
    """What may be shown tonight, to whom, and what a campaign moves."""
    products, rules = asker.rows(PRODUCTS), restrictions.load()
    restricted = meant(rules, products)
    named = products.select("product_id", "product_name")
    made = shelf(named, asker.rows(POPULAR), asker.rows(NEARBY), restricted)
    moved = boosts.of_products(boosts.load(), products, asker.config.run_date)
    return replace(made, restrictions=rules, restricted=restricted, boosts=moved)


def publish_lists(spark: SparkSession, asker: Asker, shown: Shelf) -> int:
    """Replace the night: on the driver up to MOST_CUSTOMERS, by Spark beyond it; the same rows.

    Returns the number of files beside the table; beyond MOST_CUSTOMERS there are none.
    """
    night, table = f"run_date = DATE'{asker.config.run_date}'", catalog.PUBLISHED_RECOMMENDATIONS
    if asker.rows(COUNT_CUSTOMERS)["customers"][0] > MOST_CUSTOMERS:
        customers, candidates, bought = (spark.sql(asker.text(q)) for q in (CUSTOMERS, CANDIDATES, BOUGHT))
        made = many_customers.lists_by_spark(customers, candidates, bought, shown)
        delta.replace_where(made.withColumn("run_date", F.lit(asker.config.run_date)), table, night)
        return 0
    rows = lists(asker.rows(CUSTOMERS), asker.rows(CANDIDATES), asker.rows(BOUGHT), shown)
    tonight = _of_night(rows, asker.config)
    delta.replace_rows(spark, tonight.to_arrow(), table, night)
    return recommendation_files.draft(tonight, asker.config.settings.exports, asker.config.run_date)


def _of_night(rows: pl.DataFrame, config: JobConfig) -> pl.DataFrame:
    return rows.with_columns(run_date=pl.lit(config.run_date))


def count(asker: Asker) -> Mapping[str, int]:
    """What went out, for the ledger, and how much of it was not shown the night before."""
    counts = asker.rows(COUNTS).row(0, named=True)
    last_night = asker.rows(LAST_NIGHT)["run_date"][0]
    if last_night is None:
        return counts
    return counts | asker.rows(NEW_SINCE, last_night=last_night).row(0, named=True)


def drop_old_nights(spark: SparkSession, config: JobConfig) -> None:
    """Keep the nights of the table's retention."""
    table = catalog.PUBLISHED_RECOMMENDATIONS
    oldest = config.run_date - timedelta(days=table.retention_days or 0)
    delta.delete_where(spark, table, f"run_date < DATE'{oldest}'")


def run(spark: SparkSession, config: JobConfig) -> Mapping[str, int]:
    """Consent and what may be shown are read here, last, so that a change shows at the next publish."""
    asker = Asker(spark, config)
    shown = todays_shelf(asker)
    files = publish_lists(spark, asker, shown)
    drop_old_nights(spark, config)
    popular = shown.popular.filter(pl.col("region") == EVERYWHERE).drop("region")
    first = popular.head(POPULAR_PRODUCTS)
    delta.replace_rows(spark, _of_night(first, config).to_arrow(), catalog.PUBLISHED_POPULAR_PRODUCTS)
    similar = similar_showable(asker.rows(SIMILAR), shown)
    delta.replace_rows(spark, _of_night(similar, config).to_arrow(), catalog.PUBLISHED_SIMILAR_PRODUCTS)
    results = recommendation_results.note(spark, asker.arrow, config.run_date)
    return {**count(asker), "files": files, "windows_closed": results}
