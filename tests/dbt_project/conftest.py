"""The warehouse of a tiny shop, built once for all tests of this room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from alluvium import dbt
from alluvium.settings import Settings
from tests.dbt_project import shop


@pytest.fixture(scope="package")
def warehouse(spark: SparkSession, session_settings: Settings) -> Iterator[SparkSession]:
    """gold.* of the shop's history; the session reads it."""
    shop.close_shop(spark)
    shop.open_shop(spark)
    dbt.build(shop.HISTORY, full_refresh=True, settings=session_settings)
    yield spark
    shop.close_shop(spark)
