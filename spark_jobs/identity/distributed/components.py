"""Which records likely pairs connect, directly or through others.

Up to `DRIVER_EDGES` likely pairs the driver says, above it rounds of joins: each record takes the smallest
number among its neighbours' and its own, and then that of the record it points to, so that a chain is halved
with every round.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.identity.engine import linkage

DRIVER_EDGES = 5_000_000
Store = Callable[[DataFrame], DataFrame]


def components(spark: SparkSession, likely: DataFrame, store: Store, most: int = DRIVER_EDGES) -> DataFrame:
    """number, component (its smallest number): one row per record of a likely pair.

    `likely`: left, right; `store` materialises a frame.
    """
    if likely.count() <= most:
        return _on_driver(spark, likely)
    return _in_rounds(likely, store)


def _on_driver(spark: SparkSession, likely: DataFrame) -> DataFrame:
    edges = pl.DataFrame(pl.from_arrow(likely.select("left", "right").toArrow()))
    numbers, dense = np.unique(edges.to_numpy(), return_inverse=True)
    left, right = dense.reshape(-1, 2).T
    labels = linkage.components(len(numbers), left, right)
    found = pl.DataFrame({"number": numbers, "component": numbers[labels]})
    return spark.createDataFrame(found.to_arrow(), "number bigint, component bigint")  # type: ignore[arg-type]


def _in_rounds(likely: DataFrame, store: Store) -> DataFrame:
    edges = store(
        likely.select("left", "right").union(likely.select(F.col("right"), F.col("left"))).distinct()
    )
    found = edges.groupBy(F.col("left").alias("number")).agg(
        F.least(F.first("left"), F.min("right")).alias("component")
    )
    found = store(found)
    while True:
        near = (
            edges.join(found.withColumnRenamed("number", "right"), on="right", how="inner")
            .groupBy(F.col("left").alias("number"))
            .agg(F.min("component").alias("nearest"))
        )
        lower = found.join(near, on="number", how="inner").select(
            "number", "component", F.least("component", "nearest").alias("lower")
        )
        # Pointer jumping: the component of the record that one's component is named by.
        named = lower.select(F.col("number").alias("lower"), F.col("lower").alias("lowest"))
        jumped = lower.join(named, on="lower", how="left").select(
            "number", "component", F.least("lower", F.coalesce("lowest", "lower")).alias("next")
        )
        after = store(jumped)
        changed = after.where(F.col("next") < F.col("component")).limit(1).count()
        found = after.select("number", F.col("next").alias("component"))
        if not changed:
            return found
