"""How likely each pair is one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.identity.distributed import worker
from spark_jobs.identity.engine.weights import compare_all

SCORED = "left bigint, right bigint, log_odds double"


def _scored(batches: Iterator[pa.RecordBatch], path: str) -> Iterator[pa.RecordBatch]:
    model = worker.model(path)
    for pairs in worker.frames(batches):
        sides = [
            pairs.select(pl.col(side).alias("number"), pl.col(f"{side}_row").alias("row"))
            for side in ("left", "right")
        ]
        each = pl.concat(sides).unique("number").sort("number")
        at = [
            np.searchsorted(each["number"].to_numpy(), pairs[side].to_numpy()) for side in ("left", "right")
        ]
        levels = compare_all(model.attributes(worker.told(each)), *at)
        log_odds = pl.Series("log_odds", model.weights.log_odds(levels))
        yield from worker.batches(pairs.select("left", "right", log_odds))


def scored(pairs: DataFrame, records: DataFrame, model_file: str) -> DataFrame:
    """left, right, log_odds: one row per pair."""
    left = records.select(F.col("number").alias("left"), F.col("row").alias("left_row"))
    right = records.select(F.col("number").alias("right"), F.col("row").alias("right_row"))
    joined = pairs.join(left, on="left", how="inner").join(right, on="right", how="inner")
    return joined.mapInArrow(partial(_scored, path=model_file), SCORED)
