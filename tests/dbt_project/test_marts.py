"""What the marts say of the tiny shop, after its history."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from alluvium import dbt
from alluvium.errors import AlluviumError
from alluvium.settings import Settings
from tests.dbt_project import shop


def ask(spark: SparkSession, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in spark.sql(query).collect()]


def test_an_order_is_there_once_with_the_tills_money_and_the_webs_channel(warehouse: SparkSession) -> None:
    found = ask(
        warehouse,
        "select order_id, channel, session_id is not null, customer_id, order_total from gold.orders"
        " order by order_id",
    )
    assert found == [
        ("pos-10", "store", False, "A", Decimal("40.00")),
        ("pos-11", "web", True, "A", Decimal("5.00")),
        ("pos-12", "store", False, "B", Decimal("7.00")),
        ("pos-13", "store", False, None, Decimal("3.33")),
        ("shop-99", "web", True, "A", Decimal("5.00")),
    ]


def test_an_evening_basket_belongs_to_the_day_on_the_shops_clock(warehouse: SparkSession) -> None:
    found = ask(warehouse, "select ordered_on from gold.order_lines where order_id = 'pos-11'")
    assert found == [(date(2017, 10, 30),)]


def test_petrol_is_one_piece_whatever_its_volume(warehouse: SparkSession) -> None:
    found = ask(
        warehouse, "select item_quantity from gold.order_lines where order_id = 'pos-10' order by product_id"
    )
    assert found == [(2,), (1,)]


def test_a_device_alone_is_no_customer_and_its_visits_stay_anonymous(warehouse: SparkSession) -> None:
    assert ask(warehouse, "select customer_id from gold.customers order by 1") == [("A",), ("B",), ("C",)]
    found = ask(warehouse, "select customer_id from gold.sessions where device_key = 'device-x'")
    assert found == [(None,)]


def test_personal_data_stand_in_pii_only(warehouse: SparkSession) -> None:
    held = ask(warehouse, "select first_name, email, email_source from pii.customers where customer_id = 'A'")
    assert held == [("Ann", "ann@example.com", "crm")]
    names = {
        name
        for table in ("customers", "customers_history")
        for name in warehouse.table(f"gold.{table}").columns
    }
    assert names.isdisjoint(
        {"first_name", "last_name", "email", "phone", "birth_date", "street", "postal_code"}
    )


def test_no_record_means_no_for_marketing_and_yes_for_what_is_opt_out(warehouse: SparkSession) -> None:
    found = ask(
        warehouse,
        "select customer_id, is_email_allowed, is_ads_allowed, is_profiling_allowed from gold.customers"
        " order by customer_id",
    )
    assert found == [("A", True, False, True), ("B", False, False, True), ("C", False, False, True)]


def test_who_shares_a_home_shares_a_household_and_stays_a_customer_of_their_own(
    warehouse: SparkSession,
) -> None:
    found = ask(warehouse, "select customer_id, household_id from gold.customers order by 1")
    assert found == [("A", "H1"), ("B", None), ("C", "H1")]


def test_every_customer_has_features_and_a_group(warehouse: SparkSession) -> None:
    found = ask(
        warehouse,
        """
        select customer_id, as_of_date, orders_30d, rfm_group = 'prospects'
        from gold.customer_features inner join gold.customer_rfm using (customer_id, as_of_date) order by 1
        """,
    )
    assert found == [("A", shop.NIGHT, 3, False), ("B", shop.NIGHT, 1, False), ("C", shop.NIGHT, 0, True)]


def test_tables_and_columns_say_what_they_are(warehouse: SparkSession) -> None:
    comments = ask(warehouse, "describe table gold.orders")
    assert ("order_total", "decimal(12,2)", "Sum of the amounts of its lines") in comments
    table = ask(warehouse, "describe table extended gold.orders")
    assert next(row[1] for row in table if row[0] == "Comment").endswith("One row per order.")


def test_a_node_that_fails_is_named_in_one_line(warehouse: SparkSession, session_settings: Settings) -> None:
    twice = [*shop.RECORDS, shop.record("card-a", "pos", "card", "B")]
    shop.put(warehouse, shop.catalog.IDENTITY_CUSTOMER_RECORDS, twice)
    try:
        with pytest.raises(
            AlluviumError, match="dbt test int_customer_records_is_sound failed: Got 1 result"
        ):
            dbt.build(shop.HISTORY, select="int_customer_records", settings=session_settings)
    finally:
        shop.put(warehouse, shop.catalog.IDENTITY_CUSTOMER_RECORDS, shop.RECORDS)
        dbt.build(shop.HISTORY, select="int_customer_records", settings=session_settings)


def test_the_unit_tests_of_the_models_pass(warehouse: SparkSession, session_settings: Settings) -> None:
    done = dbt.unit_tests(shop.HISTORY, settings=session_settings)
    assert done.counts["unit_tests"] >= 5
