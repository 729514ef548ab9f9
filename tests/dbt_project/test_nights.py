"""A night adds to what is there, and ends where a full refresh ends."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from alluvium import dbt
from alluvium.settings import Settings
from tests.dbt_project import shop

MARTS = (
    "gold.customers", "gold.orders", "gold.order_lines", "gold.products", "gold.customer_events",
    "gold.sessions", "gold.customer_activity_daily", "gold.customer_rfm", "gold.consents",
    "gold.campaign_touches", "pii.customers",
)  # fmt: skip


def content(spark: SparkSession) -> dict[str, list[str]]:
    """Every row of every mart as text, in a fixed order; features and history of the night only."""
    of_the_night = ["(select * from gold.customer_features where as_of_date = date'2017-11-02')"]
    return {
        table: sorted(
            row[0] for row in spark.sql(f"select to_json(struct(*)) from {table} as rows").collect()
        )
        for table in [*MARTS, *of_the_night]
    }


def history(spark: SparkSession) -> list[str]:
    return sorted(
        row[0] for row in spark.sql("select to_json(struct(*)) from gold.customers_history").collect()
    )


def pass_a_night(spark: SparkSession) -> None:
    """A new basket, a late event, a corrected file, a web order's basket, a card that changes hands."""
    moved = [shop.line(10, 1, "card-a", shop.at(20, 15), "11.00", shop.HISTORY), *shop.LINES[2:]]
    found_basket = shop.line(99, 1, "card-b", shop.at(31, 1, 6), "5.00", shop.NIGHT)
    shop.put(spark, shop.SILVER["pos_order_lines"], [*moved, *shop.LINES_OF_THE_NIGHT, found_basket])
    shop.put(spark, shop.SILVER["web_events"], [*shop.EVENTS, *shop.EVENTS_OF_THE_NIGHT])
    records = [row for row in shop.RECORDS if row["record_key"] not in {"card-b", "crm-c"}]
    shop.put(
        spark, shop.catalog.IDENTITY_CUSTOMER_RECORDS, [*records, shop.record("card-b", "pos", "card", "A")]
    )


@pytest.mark.full
def test_a_night_equals_a_full_refresh_and_a_second_run_changes_nothing(
    warehouse: SparkSession, session_settings: Settings
) -> None:
    shop.open_shop(warehouse)
    dbt.build(shop.HISTORY, full_refresh=True, settings=session_settings)
    pass_a_night(warehouse)
    changed = {"changed_run_dates": [shop.HISTORY.isoformat()]}
    dbt.build(shop.NIGHT, vars=changed, settings=session_settings)
    first, history_first = content(warehouse), history(warehouse)
    assert {row for row in history_first if '"customer_id":"B"' in row and '"valid_to":"2017-11-01"' in row}

    dbt.build(shop.NIGHT, settings=session_settings)
    assert content(warehouse) == first
    assert history(warehouse) == history_first

    dbt.build(shop.NIGHT, full_refresh=True, settings=session_settings)
    assert content(warehouse) == first
