"""A small lake of three customers, made anew for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date

import pytest

from alluvium import catalog

LEDGERS = (catalog.PUBLISHED_SEGMENT_RUNS,)
Activity = list[tuple[str, date, int, int]]


@pytest.fixture
def activity(spark, session_settings) -> Callable[[Activity], None]:
    """Replaces gold.customer_activity_daily: (customer, day, product views, orders)."""
    spark.sql(f"DROP TABLE IF EXISTS {catalog.PUBLISHED_SEGMENT_MEMBERS.full_name}")
    for table in LEDGERS:
        shutil.rmtree(session_settings.lake / table.schema / table.name, ignore_errors=True)

    def write(rows: Activity) -> None:
        spark.sql("DROP TABLE IF EXISTS gold.customer_activity_daily")
        ddl = "customer_id string, activity_on date, count_product_views long, count_orders long"
        spark.createDataFrame(rows, ddl).write.format("delta").saveAsTable("gold.customer_activity_daily")

    return write
