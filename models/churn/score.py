"""Score every customer's risk of buying nothing within the horizon.

Reads   gold.customers, gold.customer_features as of the day after run_date, the champion of each horizon
Writes  ml.churn_scores, one row per customer and horizon, that as-of date replaced; ml.monitoring
Rerun   the same rows
"""

from __future__ import annotations

from pyspark.sql import SparkSession

from alluvium import catalog
from alluvium.job import JobConfig
from models.common import scoring
from models.common.output import Output, Window

OUTPUT = Output(
    "churn",
    catalog.ML_CHURN_SCORES,
    prediction="churn_probability",
    decile="churn_decile",
    digits=6,
    window=Window(
        catalog.GOLD_ORDERS, "ordered_on", "order_total", "CASE WHEN o.times IS NULL THEN 1.0 ELSE 0.0 END"
    ),
    is_money=False,
)


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """Score all horizons and replace the night's slice."""
    return scoring.run(spark, config, OUTPUT)
