"""Build the features at every cut-off that some model trains on: one dbt invocation for all of them.

Reads   intermediate.*, gold.*
Writes  gold.customer_features, those as-of dates replaced
Rerun   the same rows
"""

from __future__ import annotations

from pyspark.sql import SparkSession

from alluvium import dbt
from alluvium.job import JobConfig
from models.common import cutoffs


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """dbt has a session of its own on the same server."""
    as_of_dates = cutoffs.wanted(config.run_date)
    dbt.build(
        config.run_date,
        select="int_category_tastes customer_features",
        with_tests=False,
        vars={"as_of_dates": [day.isoformat() for day in as_of_dates]},
        settings=config.settings,
    )
    return {"cutoffs": len(as_of_dates)}
