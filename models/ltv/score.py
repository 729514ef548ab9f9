"""Score what every customer will spend within the horizon.

Reads   gold.customers, gold.customer_features as of the day after run_date, the champion of each horizon
Writes  ml.ltv_scores, one row per customer and horizon, that as-of date replaced; ml.monitoring
Rerun   the same rows
"""

from __future__ import annotations

from functools import partial, reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from alluvium import catalog
from alluvium.job import JobConfig
from models.common import params, scoring


def as_table(scores: DataFrame, currency: str) -> DataFrame:
    """The columns of ml.ltv_scores."""
    return scores.select(
        "customer_id",
        "as_of_date",
        "horizon_days",
        F.col("prediction").cast("decimal(12,2)").alias("predicted_spend"),
        F.col("decile").alias("spend_decile"),
        F.lit(currency).alias("currency"),
        "scored_for",
        "reason_code",
        "model_version",
    )


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """Score all horizons and replace the night's slice."""
    horizons = params.load("ltv").horizons
    scores = [scoring.score_horizon(spark, config, "ltv", days) for days in horizons]
    shape = partial(as_table, currency=config.settings.currency)
    return scoring.publish(reduce(DataFrame.unionByName, scores), shape, catalog.ML_LTV_SCORES, config, "ltv")
