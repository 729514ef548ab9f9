"""The way through Spark decides as the driver's way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from spark_jobs.identity import synthetic
from spark_jobs.identity.distributed import blocks, components, run, worker
from spark_jobs.identity.engine import blocking, frozen
from spark_jobs.identity.engine.arrays import unpacked
from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.engine.linkage import components as on_driver
from spark_jobs.identity.engine.run import resolve
from tests.spark_jobs.identity.engine.test_run import PEOPLE, partition


def batches(frame: pl.DataFrame, rows: int) -> Any:
    return iter(frame.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches(rows))


def read(found: Any) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(pl.from_arrow(batch)) for batch in found])


def crowded(count: int, seed: int) -> pl.DataFrame:
    """People of nine names and towns, so that keys are combined and neighbours meet."""
    rows = synthetic.records(count, seed=seed)
    kinds = np.random.default_rng(seed).integers(0, 9, rows.height)
    words = {
        "first_name": "ann bob carl dora emil fay gus hal ida",
        "last_name": "lee moss nolan orr price quick ross sato tran",
        "town": "troy xenia dayton salem lima akron parma mentor solon",
    }
    few = [pl.Series(name, np.array(text.split())[kinds]) for name, text in words.items()]
    return rows.with_columns(
        *few, pl.lit("1 main st").alias("street"), pl.lit(None, pl.String).alias("postcode")
    )


def model_of(rows: pl.DataFrame, budget: float | None = None) -> Frozen:
    found = resolve(rows["record_id"], rows.select(PEOPLE.columns), PEOPLE)
    model = frozen.freeze(found, PEOPLE)
    if budget is None:
        return model
    records = model.records(rows["record_id"], rows.select(PEOPLE.columns))
    heat = blocking.find(records.attributes, records.nearness, budget).heat
    return replace(model, memory=replace(model.memory, heat=heat))


def test_records_taken_apart_meet_as_those_of_one_table(tmp_path: Path) -> None:
    rows = crowded(1200, seed=5)
    model = model_of(rows, budget=4000)
    records = model.records(rows["record_id"], rows.select(PEOPLE.columns))
    whole = blocking.again(records.attributes, records.nearness, model.memory.heat)
    assert whole.windowed > 100
    (tmp_path / "model.json").write_text(model.to_json())
    file = str(tmp_path / "model.json")
    ordered = told(rows[records.place]).with_row_index("number").cast({"number": pl.Int64})
    shuffled = ordered.sample(fraction=1.0, shuffle=True, seed=2)
    worker.ROWS_AT_ONCE, before = 150, worker.ROWS_AT_ONCE
    try:
        keys = read(blocks._keys(batches(shuffled, 100), file))
    finally:
        worker.ROWS_AT_ONCE = before
    found = read(blocks._pairs(batches(keys, 1000), file))
    left, right = unpacked(whole.codes)
    assert set(found.iter_rows()) == set(zip(left.tolist(), right.tolist(), strict=True))


def told(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.struct(PEOPLE.columns).alias("row"))


def same_clusters(spark: Any, rows: pl.DataFrame, model: Frozen, work: Path, edges: int) -> None:
    ids, columns = rows["record_id"], rows.select(PEOPLE.columns)
    whole, expected = frozen.resolve(ids, columns, model)
    table = told(rows).select(pl.col("record_id").alias("id"), "row")
    work.mkdir()
    found = run.resolve(spark, spark.createDataFrame(table.to_arrow()), model, work, driver_edges=edges)
    decided = pl.DataFrame(pl.from_arrow(found.clusters.toArrow()))
    assert decided.height == rows.height
    assert partition(decided) == partition(whole)
    assert found.expected_precision == pytest.approx(expected, abs=1e-9)


def test_spark_finds_the_clusters_of_the_driver(spark: Any, tmp_path: Path) -> None:
    rows = crowded(500, seed=6)
    same_clusters(spark, rows, model_of(rows, budget=2000), tmp_path / "work", edges=10**6)


@pytest.mark.full
@pytest.mark.parametrize("seed", [7, 8])
def test_spark_finds_the_clusters_of_the_driver_without_collecting_pairs(
    spark: Any, tmp_path: Path, seed: int
) -> None:
    rows = synthetic.records(20_000, seed=seed)
    same_clusters(spark, rows, model_of(rows), tmp_path / "work", edges=0)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(3))
def test_rounds_of_joins_find_the_components_of_the_driver(spark: Any, tmp_path: Path, seed: int) -> None:
    dice = np.random.default_rng(seed)
    chain = np.arange(40)
    left = np.concatenate([chain[:-1], dice.integers(40, 300, 150)])
    right = np.concatenate([chain[1:], dice.integers(40, 300, 150)])
    left, right = np.minimum(left, right), np.maximum(left, right)
    apart = left != right
    left, right = left[apart], right[apart]
    edges = spark.createDataFrame(pl.DataFrame({"left": left, "right": right}).to_arrow())
    rounds = iter(range(100))

    def store(frame: Any) -> Any:
        return run._store(spark, tmp_path, frame, f"round {next(rounds)}")

    found = pl.DataFrame(pl.from_arrow(components.components(spark, edges, store, most=0).toArrow()))
    labels = on_driver(300, left, right)
    several = np.union1d(left, right)
    assert dict(found.iter_rows()) == dict(zip(several.tolist(), labels[several].tolist(), strict=True))
