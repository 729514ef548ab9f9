"""All steps on Spark, from a table of text to clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.identity.distributed import blocks, clusters, components, records, scores
from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.timing import Timer

RECORDS_A_PARTITION = 60_000


@dataclass(frozen=True)
class Found:
    """`clusters`: id, cluster_id, one row per record; expected precision by the model; candidate pairs."""

    clusters: DataFrame
    expected_precision: float
    pairs: int
    timer: Timer = field(default_factory=Timer)


def _store(spark: SparkSession, work: Path, frame: DataFrame, name: str) -> DataFrame:
    target = str(work / name)
    frame.write.mode("overwrite").parquet(target)
    return spark.read.parquet(target)


def resolve(
    spark: SparkSession, rows: DataFrame, frozen: Frozen, work: Path, timer: Timer | None = None,
    driver_edges: int = components.DRIVER_EDGES,
) -> Found:  # fmt: skip
    """Decide which rows are one. `rows` has `id`, and `row`: a struct of the mapping's columns, as text.

    `work`: an empty folder that the driver and all workers see; whoever calls clears it.
    """
    timer = timer or Timer()
    model_file = str(work / "model.json")
    Path(model_file).write_text(frozen.to_json(), encoding="utf-8")
    store: Callable[[DataFrame, str], DataFrame] = partial(_store, spark, work)
    with timer.step("number"):
        told = store(records.numbered(rows), "records")
        parts = max(told.count() // RECORDS_A_PARTITION, 2)
    with timer.step("blocking"):
        pairs = store(blocks.pairs(told.repartition(parts), model_file, 2 * parts), "pairs")
    with timer.step("compare"):
        scored = store(scores.scored(pairs, told, model_file), "scored")
    with timer.step("components"):
        likely, rounds = scored.where("log_odds > 0"), count()
        numbered = partial(_numbered_store, store, rounds)
        found = store(components.components(spark, likely, numbered, driver_edges), "components")
    with timer.step("cluster"):
        groups = max(found.count() // clusters.RECORDS_AT_ONCE, 2)
        labels = store(clusters.labels(told, scored, found, model_file, groups), "labels")
        sure, of = labels.agg(F.sum("sure"), F.sum("pairs")).collect()[0]
    label = F.coalesce("label", "number") + 1
    decided = told.join(labels, on="number", how="left").select("id", label.alias("cluster_id"))
    return Found(decided, float(sure / of) if of else 1.0, pairs.count(), timer)


def _numbered_store(
    store: Callable[[DataFrame, str], DataFrame], rounds: count[int], frame: DataFrame
) -> DataFrame:
    return store(frame, f"round-{next(rounds)}")
