"""Write the warehouse's documentation: one page that opens offline.

Reads   dbt_project/
Writes  reports/warehouse.html
Rerun   the same page
"""

from __future__ import annotations

from pyspark.sql import SparkSession

from alluvium import dbt
from alluvium.job import JobConfig


def run(spark: SparkSession, config: JobConfig) -> None:
    """dbt knows the project; it asks the lake nothing."""
    dbt.docs(config.run_date, settings=config.settings)
