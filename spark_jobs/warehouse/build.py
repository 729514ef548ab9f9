"""Build staging, intermediate tables, marts and snapshots with dbt, in one invocation.

Reads   silver.*, pii.*, identity.*
Writes  staging.*, intermediate.*, gold.*, pii.customers
Rerun   the same rows
"""

from __future__ import annotations

from pyspark.sql import SparkSession

from alluvium import dbt
from alluvium.job import JobConfig


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """dbt has a session of its own on the same server; option `select` narrows what is built, as in dbt."""
    return dict(dbt.build(run_date=config.run_date, select=config.options.get("select")) or {})
