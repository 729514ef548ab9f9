"""Read the purchases that the models learn from.

Reads   gold.order_lines, gold.products
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import SparkSession

from alluvium import catalog
from alluvium.errors import AlluviumError
from alluvium.lake import driver_sql
from alluvium.settings import Settings
from models.recommender.purchases import LEVELS, Purchases, from_arrow

# The arrays take 24 bytes a row and sorting them as much again: 2 GB at the limit.
MAX_ORDER_LINES = 40_000_000

COUNT_LINES = "SELECT count(*) AS lines FROM gold.order_lines"
# What known customers really took home: no line without a piece, and no product that nobody would recommend.
PURCHASES = """
SELECT lines.customer_id, lines.product_id, lines.ordered_on, lines.store_id,
    CAST(lines.amount AS double) AS amount
FROM gold.order_lines AS lines
INNER JOIN gold.products AS products ON lines.product_id = products.product_id
WHERE lines.customer_id IS NOT NULL AND lines.quantity > 0 AND products.is_recommendable
    AND lines.ordered_on < DATE'{as_of_date}'
"""
CATALOGUE = f"SELECT product_id, {', '.join(LEVELS)} FROM gold.products"


def read(spark: SparkSession, settings: Settings, as_of_date: date) -> Purchases:
    """All purchases before `as_of_date`, on the driver.

    Raises AlluviumError when there are more order lines than the driver should hold.
    """
    count_lines = driver_sql.ask(spark, settings, COUNT_LINES)["lines"][0].as_py()
    if count_lines > MAX_ORDER_LINES:
        raise AlluviumError(
            f"The recommender holds at most {MAX_ORDER_LINES:,} order lines, there are {count_lines:,}",
            where=catalog.GOLD_ORDER_LINES.full_name,
            do="Raise models.recommender.features.MAX_ORDER_LINES on a larger driver (50 bytes a line)",
        )
    lines = driver_sql.ask(spark, settings, PURCHASES.format(as_of_date=as_of_date))
    return from_arrow(lines, as_of_date, driver_sql.ask(spark, settings, CATALOGUE))
