"""Features of an old day know nothing of what came later."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import SparkSession

from alluvium import dbt
from alluvium.settings import Settings
from tests.dbt_project import shop

# Basket 10 lies before it, baskets 11 and 12, all web events and the night's basket on it or after it.
AS_OF = date(2017, 10, 25)
ROWS = f"select to_json(struct(*)) from gold.customer_features where as_of_date = date'{AS_OF}' order by 1"


def features_of_the_day(spark: SparkSession, settings: Settings) -> list[str]:
    wanted = {"as_of_dates": [AS_OF.isoformat()]}
    dbt.build(
        shop.HISTORY,
        select="int_category_tastes customer_features",
        with_tests=False,
        vars=wanted,
        settings=settings,
    )
    return [row[0] for row in spark.sql(ROWS).collect()]


def test_what_was_bought_from_the_day_on_is_nowhere_in_its_row(
    warehouse: SparkSession, session_settings: Settings
) -> None:
    found = features_of_the_day(warehouse, session_settings)
    assert [('"customer_id":"A"' in row, '"lifetime_spend":40' in row) for row in found] == [
        (True, True),
        (False, False),
    ]
    assert all('"sessions_365d":0' in row for row in found)


@pytest.mark.full
def test_a_warehouse_that_never_heard_of_later_days_gives_the_same_rows(
    warehouse: SparkSession, session_settings: Settings
) -> None:
    knowing = features_of_the_day(warehouse, session_settings)
    before = [row for row in shop.LINES if row["sold_at"].date() < AS_OF]
    shop.put(warehouse, shop.SILVER["pos_order_lines"], before)
    shop.put(warehouse, shop.SILVER["web_events"], [])
    try:
        dbt.build(shop.HISTORY, full_refresh=True, with_tests=False, settings=session_settings)
        assert features_of_the_day(warehouse, session_settings) == knowing
    finally:
        shop.open_shop(warehouse)
        dbt.build(shop.HISTORY, full_refresh=True, with_tests=False, settings=session_settings)
