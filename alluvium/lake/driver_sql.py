"""Questions whose answer fits on the driver: one text of standard SQL, two engines.

A small question costs Spark seconds of planning and DuckDB milliseconds. Where the lake is a disk of this
machine DuckDB answers from the same files, elsewhere Spark does; both give the same rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from alluvium.lake import driver_delta, lake_sql
from alluvium.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def ask(spark: SparkSession, settings: Settings, query: str) -> pa.Table:
    """The answer of one query over the newest version of every table, in the order that the query asks for.

    The text is read by both engines: standard SQL, dates as `DATE'2017-11-01'`. It is for questions of which
    the caller knows that the answer fits into memory.
    """
    if not driver_delta.is_local(spark):
        return spark.sql(query).toArrow()
    view = lake_sql.View(settings)
    return lake_sql.answer(lake_sql.kept(view), view, query).to_arrow_table()
