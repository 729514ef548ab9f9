"""Read the purchases that the models learn from.

Reads   gold.order_lines, gold.products
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from alluvium import catalog, delta
from alluvium.errors import AlluviumError
from models.recommender.purchases import Purchases, from_arrow

# The arrays take 24 bytes a row and sorting them as much again: 2 GB at the limit.
MAX_ORDER_LINES = 40_000_000


def purchase_days(order_lines: DataFrame, products: DataFrame, as_of_date: date) -> DataFrame:
    """customer_id, product_id, ordered_on of what known customers really took home before `as_of_date`.

    Leaves out lines without a piece (quantity 0) and products that nobody would recommend: petrol, coupons.
    """
    is_known = F.col("customer_id").isNotNull() & (F.col("ordered_on") < F.lit(as_of_date))
    is_taken_home = F.col("quantity") > 0
    recommendable = products.where("is_recommendable").select("product_id")
    return (
        order_lines.where(is_known & is_taken_home)
        .select("customer_id", "product_id", "ordered_on")
        .join(F.broadcast(recommendable), on="product_id", how="left_semi")
    )


def read(spark: SparkSession, as_of_date: date) -> Purchases:
    """All purchases before `as_of_date`, on the driver.

    Raises AlluviumError when there are more order lines than the driver should hold.
    """
    order_lines = delta.read(spark, catalog.GOLD_ORDER_LINES)
    count_lines = order_lines.count()
    if count_lines > MAX_ORDER_LINES:
        raise AlluviumError(
            f"The recommender holds at most {MAX_ORDER_LINES:,} order lines, there are {count_lines:,}",
            where=catalog.GOLD_ORDER_LINES.full_name,
            do="Raise models.recommender.features.MAX_ORDER_LINES on a larger driver (50 bytes a line)",
        )
    products = delta.read(spark, catalog.GOLD_PRODUCTS)
    return from_arrow(purchase_days(order_lines, products, as_of_date).toArrow(), as_of_date)
