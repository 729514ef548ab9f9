"""Decide components of likely pairs, many at a time; each is decided by itself, so any grouping will do."""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.identity.distributed import worker
from spark_jobs.identity.distributed.records import ties
from spark_jobs.identity.engine import frozen
from spark_jobs.identity.engine.prepare import Records
from spark_jobs.identity.engine.run import Pairs, certainty

RECORDS_AT_ONCE = 20_000
LABELS = "number bigint, label bigint, sure double, pairs double"


def _decided(records: pa.Table, pairs: pa.Table, path: str) -> pa.Table:
    """Clusters of the components of one group: their smallest number; see `run.certainty` for the rest."""
    model = worker.model(path)
    rows = pl.DataFrame(pl.from_arrow(records)).sort("number")
    number = rows["number"].to_numpy()
    subset = Records(rows.height, np.arange(rows.height), ties(rows), model.attributes(worker.told(rows)))
    order = pl.DataFrame(pl.from_arrow(pairs)).sort("left", "right")
    left, right = (np.searchsorted(number, order[side].to_numpy()) for side in ("left", "right"))
    log_odds = order["log_odds"].to_numpy()
    decided = frozen.decide(subset, left, right, log_odds, model)
    sure, of = certainty(
        decided.labels, Pairs(left, right, np.empty((0, 0), np.uint8), log_odds), decided.own
    )
    found = pl.DataFrame({"number": number, "label": number[decided.labels]}).with_columns(
        # The sums of the group stand on its first record.
        pl.when(pl.int_range(pl.len()) == 0).then(sure).otherwise(0.0).alias("sure"),
        pl.when(pl.int_range(pl.len()) == 0).then(of).otherwise(0.0).alias("pairs"),
    )
    return found.to_arrow()


def labels(
    records: DataFrame, scored: DataFrame, components: DataFrame, model_file: str,
    groups: int,
) -> DataFrame:  # fmt: skip
    """number, label, sure, pairs: one row per record of a component of several."""
    group = F.pmod(F.hash("component"), F.lit(groups))
    placed = components.select("number", "component", group.alias("group"))
    left = placed.select(F.col("number").alias("left"), F.col("component").alias("of_left"), "group")
    right = placed.select(F.col("number").alias("right"), F.col("component").alias("of_right"))
    inside = (
        scored.join(left, on="left", how="inner")
        .join(right, on="right", how="inner")
        .where(F.col("of_left") == F.col("of_right"))
        .select("group", "left", "right", "log_odds")
    )
    told = records.join(placed.select("number", "group"), on="number", how="inner").select(
        "group", "number", "content", "copy", "row"
    )
    return (
        told.groupBy("group")
        .cogroup(inside.groupBy("group"))
        .applyInArrow(partial(_decided, path=model_file), LABELS)
    )
