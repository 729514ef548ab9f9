"""What came of a night's lists, on lists whose answer can be counted by hand."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from alluvium import catalog
from spark_jobs.publish import recommendation_results

NIGHT = date(2017, 11, 1)
SHOWN = [
    ("c1", "buy_again", 1, "p1", "ease"),
    ("c1", "buy_again", 2, "p2", "ease"),
    ("c1", "buy_again", 3, "p3", "popularity"),  # fills up a list of ease
    ("c2", "buy_again", 1, "p1", "ease"),
    ("c3", "buy_again", 1, "p1", "popularity"),
    ("c4", "buy_again", 1, "p1", "ranker"),
]
BOUGHT = [
    ("c1", "p1", "2017-11-02", 2.5),
    ("c1", "p1", "2017-11-03", 2.5),
    ("c1", "p9", "2017-11-02", 7.0),  # was not shown
    ("c2", "p1", "2017-11-01", 9.0),  # before anybody saw the list
    ("c4", "p1", "2017-11-09", 9.0),  # too late
    (None, "p1", "2017-11-02", 9.0),
]
VIEWED = [
    ("c1", "p3", "Product Viewed", "2017-11-08"),
    ("c1", "p3", "Product Viewed", "2017-11-08"),
    ("c1", "p2", "Product Added", "2017-11-02"),
]


@pytest.fixture
def found() -> dict[str, dict[str, object]]:
    lake = duckdb.connect()
    for schema in ("gold", "published"):
        lake.execute(f"CREATE SCHEMA {schema}")
    lake.execute(
        "CREATE TABLE published.recommendations "
        "(customer_id text, placement text, rank int, product_id text, model text, run_date date)"
    )
    lake.execute(
        "CREATE TABLE gold.order_lines "
        "(customer_id text, product_id text, ordered_on date, amount decimal(12,2))"
    )
    lake.execute(
        "CREATE TABLE gold.customer_events (customer_id text, product_id text, event text, occurred_on date)"
    )
    lake.executemany(f"INSERT INTO published.recommendations VALUES (?, ?, ?, ?, ?, '{NIGHT}')", SHOWN)
    lake.executemany("INSERT INTO gold.order_lines VALUES (?, ?, ?, ?)", BOUGHT)
    lake.executemany("INSERT INTO gold.customer_events VALUES (?, ?, ?, ?)", VIEWED)
    rows = lake.execute(recommendation_results.query(NIGHT, 7)).fetch_arrow_table()
    assert rows.column_names == list(catalog.PUBLISHED_RECOMMENDATION_RESULTS.columns or ())
    return {row["model"]: row for row in rows.to_pylist()}


def test_a_list_belongs_to_the_model_that_its_customer_was_given(found):
    counts = {model: (row["customers"], row["rows_shown"]) for model, row in found.items()}
    assert counts == {"ease": (2, 4), "popularity": (1, 1), "ranker": (1, 1)}


def test_only_purchases_of_shown_products_within_the_window_count_and_a_product_once(found):
    ease = found["ease"]
    assert (ease["rows_bought"], ease["customers_bought"]) == (1, 1)
    assert ease["revenue_per_customer"] == 2.5  # c1 spent 5, c2 nothing
    assert ease["revenue_error"] == 2.5  # the spread of 5 and 0 is 3.5355, over the root of 2
    assert found["ranker"]["rows_bought"] == 0
    assert found["ranker"]["revenue_error"] is None


def test_a_view_of_the_third_place_counts_as_two(found):
    assert found["ease"]["rows_viewed"] == 1
    assert found["ease"]["corrected_view_rate"] == 0.5  # log2(4) over four places
