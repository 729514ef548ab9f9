"""Publish what to show each customer: candidates after rules and consent, filled up for everybody.

Reads   ml.recommendation_candidates, ml.popular_product_candidates, ml.similar_product_candidates as of
        run_date + 1; gold.customers, gold.products, gold.order_lines
Writes  published.recommendations, the run date replaced and nights older than 90 days dropped;
        published.popular_products and published.similar_products, replaced
Rerun   the same rows
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from alluvium import catalog, delta
from alluvium.job import JobConfig
from alluvium.table import Table
from spark_jobs.publish.reason_texts import reason_text

SHOWN = 20
BUY_AGAIN, DISCOVER = "buy_again", "discover"
PLACEMENTS = (BUY_AGAIN, DISCOVER)
POPULAR_PRODUCTS = 200
POPULARITY = "popularity"
POPULAR, NO_CONSENT = "popular", "no_consent"
ITEM = ["customer_id", "placement", "product_id"]
PLACE = ["customer_id", "placement"]


def showable(products: DataFrame) -> DataFrame:
    """product_id and product_name of what may be shown: sold now, and nothing like petrol or coupons."""
    return products.where("is_current AND is_recommendable").select("product_id", "product_name")


def purchases_to_hide(order_lines: DataFrame) -> DataFrame:
    """customer_id, placement, product_id: what each customer bought has no place in discover."""
    bought = order_lines.where("customer_id IS NOT NULL").select("customer_id", "product_id").distinct()
    return bought.select("customer_id", F.lit(DISCOVER).alias("placement"), "product_id")


def places(customers: DataFrame, placements: Sequence[str] = PLACEMENTS) -> DataFrame:
    """One row per customer and placement; a customer without a recorded permission counts as refused."""
    is_personalised = F.coalesce("is_personalisation_allowed", F.lit(False)).alias("is_personalised")
    each = F.explode(F.array(*(F.lit(name) for name in placements))).alias("placement")
    return customers.select("customer_id", is_personalised, each)


def personal(candidates: DataFrame, shown_at: DataFrame, products: DataFrame, hidden: DataFrame) -> DataFrame:
    """The best candidates of each place that may be shown there, at most SHOWN."""
    allowed = shown_at.where("is_personalised").select(*PLACE)
    kept = (
        candidates.join(allowed, on=PLACE, how="inner")
        .join(products.select("product_id"), on="product_id", how="left_semi")
        .join(hidden, on=ITEM, how="left_anti")
    )
    return _first_of_place(kept, F.col("rank"))


def _first_of_place(rows: DataFrame, order: Column) -> DataFrame:
    place = Window.partitionBy(*PLACE).orderBy(order, "product_id")
    return rows.withColumn("position", F.row_number().over(place)).where(F.col("position") <= SHOWN)


def popular_showable(popular: DataFrame, products: DataFrame) -> DataFrame:
    """The popular products that may be shown, ranked without gaps."""
    by_rank = Window.partitionBy(F.lit(0)).orderBy("rank")  # A few hundred rows, in one place.
    named = popular.join(products, on="product_id", how="inner")
    return named.select(
        "product_id", "product_name", "count_customers", F.row_number().over(by_rank).alias("rank")
    )


def filling(shown_at: DataFrame, kept: DataFrame, popular: DataFrame, hidden: DataFrame) -> DataFrame:
    """Popular products for the free ranks of every place.

    A place with n products that must not be repeated finds its rest among the first SHOWN + n popular ones.
    """
    count_kept = kept.groupBy(*PLACE).agg(F.count("*").alias("count_kept"))
    count_hidden = hidden.groupBy(*PLACE).agg(F.count("*").alias("count_hidden"))
    free = (
        shown_at.join(count_kept, on=PLACE, how="left")
        .where(F.coalesce("count_kept", F.lit(0)) < SHOWN)
        .join(count_hidden, on=PLACE, how="left")
        .withColumn("last_rank", F.lit(SHOWN) + F.coalesce("count_hidden", F.lit(0)))
    )
    pool = (
        free.join(F.broadcast(popular), on=popular["rank"] <= free["last_rank"], how="inner")
        .join(hidden, on=ITEM, how="left_anti")
        .join(kept.select(*ITEM), on=ITEM, how="left_anti")
    )
    first = _first_of_place(pool, F.col("rank"))
    taken = F.coalesce("count_kept", F.lit(0))
    return first.withColumn("position", F.col("position") + taken).where(F.col("position") <= SHOWN)


def _as_popular(filled: DataFrame) -> DataFrame:
    return filled.select(
        *ITEM,
        "position",
        F.col("count_customers").cast("double").alias("score"),
        F.when(F.col("is_personalised"), POPULAR).otherwise(NO_CONSENT).alias("reason_code"),
        F.lit(None).cast("string").alias("evidence_product_id"),
        F.lit(None).cast("int").alias("interval_days"),
        F.lit(POPULARITY).alias("model"),
        F.lit(None).cast("string").alias("model_version"),
    )


def with_reasons(rows: DataFrame, products: DataFrame) -> DataFrame:
    """Add reason_text. Evidence that may not be shown any more is not mentioned."""
    named = products.select("product_id", "product_name")
    evidence = products.select(
        F.col("product_id").alias("evidence_product_id"), F.col("product_name").alias("evidence_name")
    )
    is_unproved = (F.col("reason_code") == "goes_with") & F.col("evidence_name").isNull()
    code = F.when(is_unproved, "similar_customers").otherwise(F.col("reason_code"))
    proved = F.when(F.col("evidence_name").isNotNull(), F.col("evidence_product_id"))
    text = reason_text(
        F.col("reason_code"), F.col("product_name"), F.col("evidence_name"), F.col("interval_days")
    )
    return (
        rows.join(named, on="product_id", how="left")
        .join(evidence, on="evidence_product_id", how="left")
        .withColumns({"reason_code": code, "evidence_product_id": proved})
        .withColumn("reason_text", text)
    )


def recommendations(
    candidates: DataFrame, popular: DataFrame, shown_at: DataFrame, products: DataFrame, hidden: DataFrame
) -> DataFrame:
    """SHOWN rows for every customer and placement, as long as the catalogue has so many."""
    kept = personal(candidates, shown_at, products, hidden)
    filled = filling(shown_at, kept, popular, hidden)
    columns = [
        *ITEM,
        "position",
        "score",
        "reason_code",
        "evidence_product_id",
        "interval_days",
        "model",
        "model_version",
    ]
    rows = kept.select(*columns).unionByName(_as_popular(filled))
    return with_reasons(rows, products).withColumnRenamed("position", "rank")


def similar_showable(similar: DataFrame, products: DataFrame) -> DataFrame:
    """Similar products that may be shown, ranked without gaps."""
    shown = products.select(F.col("product_id").alias("similar_product_id"))
    by_rank = Window.partitionBy("product_id").orderBy("rank")
    kept = similar.join(shown, on="similar_product_id", how="left_semi")
    return kept.select(
        "product_id", "similar_product_id", "score", F.row_number().over(by_rank).alias("rank")
    )


def count(rows: DataFrame) -> Mapping[str, int]:
    """What went out, for the ledger."""
    is_popular = F.col("model") == POPULARITY
    counted = rows.agg(
        F.count("*").alias("rows_written"),
        F.count_distinct("customer_id").alias("customers"),
        F.count_if(is_popular).alias("popular"),
        F.count_if(F.col("reason_code") == NO_CONSENT).alias("no_consent"),
    )
    return {name: int(value) for name, value in counted.collect()[0].asDict().items()}


def drop_old_nights(spark: SparkSession, config: JobConfig) -> None:
    """Keep the nights of the table's retention."""
    table = catalog.PUBLISHED_RECOMMENDATIONS
    oldest = config.run_date - timedelta(days=table.retention_days or 0)
    delta.replace_where(delta.read(spark, table).limit(0), table, f"run_date < DATE'{oldest}'", count=0)


def _of_night(spark: SparkSession, table: Table, config: JobConfig) -> DataFrame:
    return delta.read(spark, table).where(F.col("as_of_date") == F.lit(config.as_of_date)).drop("as_of_date")


@contextmanager
def _cached() -> Iterator[Callable[[DataFrame], DataFrame]]:
    """Keeps what is read several times. Spark's cache outlives the session, so it is emptied at the end."""
    with ExitStack() as stack:

        def keep(frame: DataFrame) -> DataFrame:
            kept = frame.persist()
            stack.callback(kept.unpersist)
            return kept

        yield keep


def run(spark: SparkSession, config: JobConfig) -> Mapping[str, int]:
    """Consent and what may be shown are read here, last, so that a change shows at the next publish."""
    night = F.lit(config.run_date).alias("run_date")
    known = F.col("ordered_on") < F.lit(config.as_of_date)
    with _cached() as keep:
        products = keep(showable(delta.read(spark, catalog.GOLD_PRODUCTS)))
        hidden = keep(purchases_to_hide(delta.read(spark, catalog.GOLD_ORDER_LINES).where(known)))
        ranked = _of_night(spark, catalog.ML_POPULAR_PRODUCT_CANDIDATES, config)
        popular = keep(popular_showable(ranked, products))
        candidates = _of_night(spark, catalog.ML_RECOMMENDATION_CANDIDATES, config)
        shown_at = places(delta.read(spark, catalog.GOLD_CUSTOMERS))
        rows = keep(recommendations(candidates, popular, shown_at, products, hidden).select("*", night))

        counts = count(rows)
        predicate = f"run_date = DATE'{config.run_date}'"
        delta.replace_where(rows, catalog.PUBLISHED_RECOMMENDATIONS, predicate, count=counts["rows_written"])
        drop_old_nights(spark, config)
        first = popular.where(F.col("rank") <= POPULAR_PRODUCTS)
        delta.overwrite(first.select("*", night), catalog.PUBLISHED_POPULAR_PRODUCTS)
        similar = similar_showable(_of_night(spark, catalog.ML_SIMILAR_PRODUCT_CANDIDATES, config), products)
        delta.overwrite(similar.select("*", night), catalog.PUBLISHED_SIMILAR_PRODUCTS)
    return counts
