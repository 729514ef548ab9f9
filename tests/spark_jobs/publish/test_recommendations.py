from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import functions as F

from alluvium import catalog
from alluvium.job import JobConfig
from alluvium.lake import delta
from spark_jobs.publish import recommendations

BEER = 30
RUN_DATE, AS_OF = date(2017, 11, 1), date(2017, 11, 2)
CUSTOMERS = "customer_id string, is_personalisation_allowed boolean, region string, age_band string"
CONSENTS = "customer_id string, purpose string, status string, is_current boolean"
PRODUCTS = (
    "product_id string, product_name string, is_recommendable boolean, is_current boolean, "
    "product_type string, product_category string, department string, brand string"
)
ORDER_LINES = "customer_id string, product_id string, ordered_on date, amount decimal(12,2)"
EVENTS = "customer_id string, product_id string, event string, occurred_on date"
CANDIDATES = (
    "customer_id string, placement string, rank int, product_id string, score double, reason_code string, "
    "evidence_product_id string, interval_days int, model string, model_version string, as_of_date date"
)
POPULAR = "rank int, product_id string, count_customers long, as_of_date date"
NEARBY = "region string, rank int, product_id string, count_customers long, as_of_date date"
SIMILAR = "product_id string, rank int, similar_product_id string, score double, as_of_date date"


def product(number: int) -> str:
    return f"p{number:02}"


def candidate(
    customer: str, placement: str, rank: int, of: int, code: str = "similar_customers", evidence=None
):
    return (customer, placement, rank, product(of), 1.0 / rank, code, evidence, None, "ease", "1", AS_OF)


PRODUCT_ROWS = [
    (product(n), f"Product {n}", n != 0, True, "T", "BEERS/ALES" if n == BEER else "C", "D", "B")
    for n in range(BEER + 1)
]
CUSTOMER_ROWS = [
    ("known", True, None, "45-54"),
    ("refused", False, "OH", "45-54"),
    ("unasked", None, None, None),
    ("new", True, None, None),
    ("neighbour", True, "OH", "19-24"),
]
CONSENT_ROWS = [("known", "personalisation", "granted", True)]
LINE_ROWS = [
    *(("known", product(n), RUN_DATE, Decimal("1.50")) for n in range(1, 6)),
    ("known", product(20), AS_OF, Decimal("1.50")),  # Not known yet on the run date.
    ("refused", product(1), RUN_DATE, Decimal("1.50")),
    (None, product(2), RUN_DATE, Decimal("1.50")),
]
CANDIDATE_ROWS = [
    *(candidate("known", "buy_again", n + 1, n) for n in range(3)),
    candidate("known", "discover", 1, 20, "goes_with", product(1)),
    candidate("known", "discover", 2, 5),
    candidate("known", "discover", 3, 21, "goes_with", product(0)),
    candidate("known", "cart", 1, 7, "goes_with_cart", product(1)),
    candidate("known", "home", 1, BEER),
    candidate("neighbour", "home", 1, BEER),
    candidate("refused", "buy_again", 1, 9),
]
POPULAR_ROWS = [(n + 1, product(n), 99 - n, AS_OF) for n in range(30)]
NEARBY_ROWS = [("OH", 1, product(0), 9, AS_OF), ("OH", 2, product(25), 8, AS_OF)]
SIMILAR_ROWS = [(product(1), 1, product(0), 0.9, AS_OF), (product(1), 2, product(2), 0.8, AS_OF)]
READ = [
    (catalog.GOLD_PRODUCTS, PRODUCT_ROWS, PRODUCTS),
    (catalog.GOLD_CUSTOMERS, CUSTOMER_ROWS, CUSTOMERS),
    (catalog.GOLD_CONSENTS, CONSENT_ROWS, CONSENTS),
    (catalog.GOLD_ORDER_LINES, LINE_ROWS, ORDER_LINES),
    (catalog.GOLD_CUSTOMER_EVENTS, [], EVENTS),
    (catalog.ML_RECOMMENDATION_CANDIDATES, CANDIDATE_ROWS, CANDIDATES),
    (catalog.ML_POPULAR_PRODUCT_CANDIDATES, POPULAR_ROWS, POPULAR),
    (catalog.ML_REGIONAL_PRODUCT_CANDIDATES, NEARBY_ROWS, NEARBY),
    (catalog.ML_SIMILAR_PRODUCT_CANDIDATES, SIMILAR_ROWS, SIMILAR),
]
WRITTEN = [
    catalog.PUBLISHED_RECOMMENDATIONS,
    catalog.PUBLISHED_POPULAR_PRODUCTS,
    catalog.PUBLISHED_SIMILAR_PRODUCTS,
    catalog.PUBLISHED_RECOMMENDATION_RESULTS,
]


@pytest.fixture(scope="module")
def counts(spark, session_settings) -> Iterator[Mapping[str, int]]:
    """A published night: 30 products by falling popularity, p00 hidden, a beer, one customer of each kind."""
    for table, rows, ddl in READ:
        spark.sql(f"DROP TABLE IF EXISTS {table.full_name}")
        spark.createDataFrame(rows, ddl).write.format("delta").saveAsTable(table.full_name)
    for table in WRITTEN:
        spark.sql(f"DROP TABLE IF EXISTS {table.full_name}")
    yield recommendations.run(spark, JobConfig(RUN_DATE, session_settings))
    for table in [*(table for table, _, _ in READ), *WRITTEN]:
        spark.sql(f"DROP TABLE IF EXISTS {table.full_name}")


def published(spark) -> list[dict[str, Any]]:
    rows = delta.read(spark, catalog.PUBLISHED_RECOMMENDATIONS).where(F.col("run_date") == F.lit(RUN_DATE))
    return [row.asDict() for row in rows.orderBy("customer_id", "placement", "rank").collect()]


@pytest.fixture(scope="module")
def night(spark, counts) -> list[dict[str, Any]]:
    """The rows of the published night, by customer, placement and rank."""
    return published(spark)


def shown_to(rows: list[dict[str, Any]], customer: str, placement: str) -> list[dict[str, Any]]:
    return [row for row in rows if (row["customer_id"], row["placement"]) == (customer, placement)]


@pytest.mark.parametrize("customer", ["known", "refused", "unasked", "new", "neighbour"])
@pytest.mark.parametrize("placement", ["buy_again", "discover", "home"])
def test_everybody_has_twenty_different_products_with_a_reason(night, customer, placement):
    shown = shown_to(night, customer, placement)
    assert [row["rank"] for row in shown] == list(range(1, 21))
    assert len({row["product_id"] for row in shown}) == 20
    assert all(row["reason_code"] and row["reason_text"] and row["model"] for row in shown)


def test_hidden_products_are_shown_to_nobody(night):
    assert product(0) not in {row["product_id"] for row in night}


def test_beer_is_for_whom_an_age_is_known(night):
    seen = {row["customer_id"] for row in night if row["product_id"] == product(BEER)}
    assert seen == {"known"}


def test_discover_shows_nothing_that_was_bought_and_fills_up_by_popularity(night):
    discovered = [row["product_id"] for row in shown_to(night, "known", "discover")]
    assert discovered[:4] == [product(20), product(21), product(6), product(7)]
    assert not {product(n) for n in range(1, 6)} & set(discovered)


def test_buy_again_may_show_what_was_bought(night):
    again = [row["product_id"] for row in shown_to(night, "known", "buy_again")]
    assert again == [product(n) for n in range(1, 21)]


def test_a_reason_names_its_evidence(night):
    first = shown_to(night, "known", "discover")[0]
    assert (first["reason_code"], first["evidence_product_id"]) == ("goes_with", product(1))
    assert first["reason_text"] == "Goes with Product 1, which you buy"


def test_evidence_that_is_hidden_now_is_not_mentioned(night):
    second = shown_to(night, "known", "discover")[1]
    assert (second["reason_code"], second["evidence_product_id"]) == ("similar_customers", None)
    assert second["reason_text"] == "Customers with baskets like yours buy this"


@pytest.mark.parametrize(
    ("customer", "code"), [("refused", "no_consent"), ("unasked", "no_consent"), ("new", "popular")]
)
def test_without_permission_or_history_popular_products_are_shown(night, customer, code):
    shown = shown_to(night, customer, "buy_again")
    assert [row["product_id"] for row in shown] == [product(n) for n in range(1, 21)]
    assert {(row["reason_code"], row["model"]) for row in shown} == {(code, "popularity")}


def test_what_went_out_is_counted(counts):
    # Five customers with three full lists; six rows are by a model, one of them for a cart.
    assert counts == {
        "rows_written": 301,
        "customers": 5,
        "popular": 295,
        "no_consent": 120,
        "files": 2,
        "windows_closed": 0,
    }


def test_popular_and_similar_products_are_published_without_hidden_ones(spark, counts):
    popular = delta.read(spark, catalog.PUBLISHED_POPULAR_PRODUCTS).orderBy("rank").first()
    assert (popular["rank"], popular["product_id"], popular["product_name"]) == (1, "p01", "Product 1")
    similar = delta.read(spark, catalog.PUBLISHED_SIMILAR_PRODUCTS).collect()
    assert [(row["product_id"], row["rank"], row["similar_product_id"]) for row in similar] == [
        ("p01", 1, "p02")
    ]


def test_a_rerun_gives_the_same_rows_and_drops_nights_beyond_the_retention(spark, session_settings, night):
    table = catalog.PUBLISHED_RECOMMENDATIONS
    old = delta.read(spark, table).limit(1).withColumn("run_date", F.lit(date(2017, 8, 2)))
    delta.append(old, table)
    recommendations.run(spark, JobConfig(RUN_DATE, session_settings))
    assert published(spark) == night
    assert delta.read(spark, table).count() == len(night)


def test_beyond_the_drivers_limit_spark_gives_the_same_rows(spark, session_settings, night, monkeypatch):
    monkeypatch.setattr(recommendations, "MOST_CUSTOMERS", 3)
    delta.delete_where(spark, catalog.PUBLISHED_RECOMMENDATIONS, f"run_date = DATE'{RUN_DATE}'")
    recommendations.run(spark, JobConfig(RUN_DATE, session_settings))
    assert published(spark) == night


def test_what_is_new_since_the_night_before_is_counted(spark, session_settings, night):
    table, before = catalog.PUBLISHED_RECOMMENDATIONS, date(2017, 10, 31)
    shown = delta.read(spark, table).where(f"run_date = DATE'{RUN_DATE}' AND product_id <> 'p20'")
    delta.append(shown.withColumn("run_date", F.lit(before)), table)
    counts = recommendations.run(spark, JobConfig(RUN_DATE, session_settings))
    assert counts["new_products"] == len([row for row in night if row["product_id"] == product(20)]) > 0
    # Of the lists of the night before, by popularity and by the model: who bought on the run date.
    results = delta.read(spark, catalog.PUBLISHED_RECOMMENDATION_RESULTS).collect()
    bought = {(row["placement"], row["model"]): row["rows_bought"] for row in results}
    assert (counts["windows_closed"], {row["window_days"] for row in results}) == (1, {1})
    assert bought[("buy_again", "ease")] == 5
    assert bought[("buy_again", "popularity")] == 1
    delta.delete_where(spark, table, f"run_date = DATE'{before}'")


def test_a_product_hidden_since_disappears_at_the_next_publish(spark, session_settings, night):
    spark.sql("UPDATE gold.products SET is_recommendable = false WHERE product_id = 'p20'")
    recommendations.run(spark, JobConfig(RUN_DATE, session_settings))
    assert product(20) not in {row["product_id"] for row in published(spark)}
