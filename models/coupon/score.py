"""Score how likely every customer redeems a coupon within the horizon.

Reads   gold.customers, gold.customer_features as of the day after run_date, the champion of each horizon
Writes  ml.coupon_scores, one row per customer and horizon, that as-of date replaced; ml.monitoring
Rerun   the same rows
"""

from __future__ import annotations

from pyspark.sql import SparkSession

from alluvium import catalog
from alluvium.job import JobConfig
from models.common import scoring
from models.common.output import Output, Window

OUTPUT = Output(
    "coupon",
    catalog.ML_COUPON_SCORES,
    prediction="redemption_probability",
    decile="redemption_decile",
    digits=6,
    window=Window(
        catalog.GOLD_COUPON_REDEMPTIONS, "redeemed_on", "1", "CASE WHEN o.times IS NULL THEN 0.0 ELSE 1.0 END"
    ),
    is_money=False,
)


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """Score all horizons and replace the night's slice; nothing in a shop that never had such a model."""
    return scoring.run(spark, config, OUTPUT)
