"""Score what every customer will spend within the horizon.

Reads   gold.customers, gold.customer_features as of the day after run_date, the champion of each horizon
Writes  ml.ltv_scores, one row per customer and horizon, that as-of date replaced; ml.monitoring
Rerun   the same rows
"""

from __future__ import annotations

from pyspark.sql import SparkSession

from alluvium import catalog
from alluvium.job import JobConfig
from models.common import scoring
from models.common.output import Output, Window

OUTPUT = Output(
    "ltv",
    catalog.ML_LTV_SCORES,
    prediction="predicted_spend",
    decile="spend_decile",
    digits=2,
    window=Window(catalog.GOLD_ORDERS, "ordered_on", "order_total", "COALESCE(o.amount, 0.0)"),
    is_money=True,
)


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """Score all horizons and replace the night's slice."""
    return scoring.run(spark, config, OUTPUT)
