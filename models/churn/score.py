"""Score every customer's risk of buying nothing within the horizon.

Reads   gold.customers, gold.customer_features as of the day after run_date, the champion of each horizon
Writes  ml.churn_scores, one row per customer and horizon, that as-of date replaced; ml.monitoring
Rerun   the same rows
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from alluvium import catalog
from alluvium.job import JobConfig
from models.common import params, scoring


def as_table(scores: DataFrame) -> DataFrame:
    """The columns of ml.churn_scores."""
    return scores.select(
        "customer_id",
        "as_of_date",
        "horizon_days",
        F.col("prediction").alias("churn_probability"),
        F.col("decile").alias("churn_decile"),
        "scored_for",
        "reason_code",
        "model_version",
    )


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """Score all horizons and replace the night's slice."""
    horizons = params.load("churn").horizons
    scores = [scoring.score_horizon(spark, config, "churn", days) for days in horizons]
    return scoring.publish(
        reduce(DataFrame.unionByName, scores), as_table, catalog.ML_CHURN_SCORES, config, "churn"
    )
