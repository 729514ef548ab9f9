"""Run all data tests of the warehouse with dbt.

Reads   staging.*, intermediate.*, gold.*, pii.customers, silver.*
Writes  nothing
Rerun   the same verdict
"""

from __future__ import annotations

from pyspark.sql import SparkSession

from alluvium import dbt
from alluvium.job import JobConfig


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """dbt has a session of its own on the same server."""
    return dbt.data_tests(config.run_date, settings=config.settings).counts
