"""Score every customer: by the champion where it can speak, by a stated prior where it cannot.

The features of the night are read once, for all horizons. Up to `MOST_ON_DRIVER` customers on a local disk
are scored here, as Arrow, without a Spark statement; more, or a lake elsewhere, by the workers: the boosters
go to them as bytes that were checked against the registry. Both ways give the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from alluvium import catalog
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake import delta, driver_delta
from models.common import champions, local, monitoring, output, params, reasons, stale, states, watching
from models.common.boosting import Numbers
from models.common.output import Output
from models.common.prediction import FOR_MODEL, SCORED, Champion, Telling, for_tonight, score_batches
from models.common.watching import Metric

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

MOST_ON_DRIVER = 200_000
DRIFT_SAMPLE = 50_000
READ = (catalog.GOLD_CUSTOMERS, catalog.GOLD_CUSTOMER_FEATURES)
SAID = ("customer_id", "horizon_days", "scored_for", watching.PREDICTION)


def _literals(config: JobConfig) -> dict[str, Any]:
    return {"as_of_date": config.as_of_date, "scored_as_of": config.as_of_date, "is_stale": False} | {
        "currency": config.settings.currency
    }


def _slice(config: JobConfig) -> str:
    return f"as_of_date = DATE '{config.as_of_date}'"


def _telling(into: Output, count_customers: int) -> Telling:
    kind = reasons.EXACT if count_customers <= reasons.MOST_EXACT else reasons.APPROXIMATE
    return Telling(into.digits, into.highest, kind, params.load(into.model).extrapolated)


def _watched(
    found: list[Champion], config: JobConfig, columns: Mapping[str, Numbers], closed: Sequence[Any]
) -> list[Metric]:
    """Drift of the main horizon's features and scores, closed windows, and whether to train again."""
    main = found[0]
    errors = {champion.manifest.horizon_days: champion.manifest.error for champion in found}
    metrics = watching.drifted(main.manifest, main.number, columns) + watching.realised(closed, errors)
    return metrics + watching.retraining(main.manifest, main.number, metrics, config.as_of_date)


def _population(states: pa.Table, scores: pa.Table, main: Champion) -> dict[str, Numbers]:
    """Features and predictions of those whom the main horizon's model spoke of; rows in no order."""
    frame, said = pl.from_arrow(states), pl.from_arrow(scores)
    assert isinstance(frame, pl.DataFrame)
    assert isinstance(said, pl.DataFrame)
    is_main = (pl.col("horizon_days") == main.manifest.horizon_days) & (pl.col("scored_for") == FOR_MODEL)
    spoken = frame.join(said.filter(is_main).select("customer_id", watching.PREDICTION), on="customer_id")
    names = [name for name in main.manifest.reference if name in spoken.columns]
    return {name: spoken[name].cast(pl.Float64).to_numpy().astype(np.float64) for name in names}


def _here(folders: list[Path], found: list[Champion], config: JobConfig, into: Output) -> dict[str, int]:
    """Read, score and write in this process."""
    customers, facts, events, place = folders
    has_rows = driver_delta.count_rows(facts, _slice(config)) > 0
    states.check(found, list(local.types(facts)), has_rows, config.as_of_date)
    asked = local.query(
        states.query(found, config.as_of_date, "customers", "facts"), customers=customers, facts=facts
    )
    telling, found = _telling(into, asked.num_rows), for_tonight(found, asked)
    scores = pa.Table.from_batches(score_batches(iter(asked.to_batches()), found, telling), SCORED)
    driver_delta.replace(output.as_arrow(scores, into, _literals(config)), place, _slice(config))
    query = watching.realised_query(into, _horizons(found), config.as_of_date, "scores", "events")
    closed = local.query(query, scores=place, events=events).to_pylist()
    watched = _watched(found, config, _population(asked, scores, found[0]), closed)
    return monitoring.note(monitoring.of_arrow(scores), watched, into.model, config)


def _horizons(found: list[Champion]) -> list[int]:
    return [champion.manifest.horizon_days for champion in found]


def _on_workers(
    spark: SparkSession, found: list[Champion], config: JobConfig, into: Output
) -> dict[str, int]:
    """The same with the rows staying where they are; drift is measured on a sample."""
    customers, facts, events = (table.full_name for table in (*READ, into.window.table))
    rows = delta.read(spark, catalog.GOLD_CUSTOMER_FEATURES)
    states.check(found, rows.columns, not rows.where(_slice(config)).isEmpty(), config.as_of_date)
    asked = spark.sql(states.query(found, config.as_of_date, customers, facts))
    count = delta.read(spark, catalog.GOLD_CUSTOMERS).count()
    drawn = f"pmod(xxhash64(customer_id), {max(1, count // DRIFT_SAMPLE)}) = 0"
    if any(champion.manifest.base_rate for champion in found):
        found = for_tonight(found, asked.where(drawn).toArrow())
    score = partial(score_batches, champions=found, telling=_telling(into, count))
    # Python on the workers: XGBoost has no function in SQL.
    scores = asked.mapInArrow(score, output.spark_schema(SCORED)).cache()  # Written, and measured.
    try:
        delta.replace_where(output.as_frame(scores, into, _literals(config)), into.table, _slice(config))
        query = watching.realised_query(
            into, _horizons(found), config.as_of_date, into.table.full_name, events
        )
        closed = [row.asDict() for row in spark.sql(query).collect()]
        sample = asked.where(drawn).toArrow(), scores.where(drawn).select(*SAID).toArrow()
        watched = _watched(found, config, _population(*sample, found[0]), closed)
        return monitoring.note(monitoring.of_frame(scores), watched, into.model, config)
    finally:
        scores.unpersist()


def run(
    spark: SparkSession, config: JobConfig, into: Output, most_on_driver: int = MOST_ON_DRIVER
) -> dict[str, int]:
    """Replace the night's slice of the model's table and of ml.monitoring; returns who got which score.

    Without a sound champion the scores of the night before are repeated, marked stale. Raises AlluviumError
    when there are none, or when the features of the night are not there.
    """
    if driver_delta.folder(spark, into.table) is None:
        delta.create(spark, into.table)
    folders = local.folders(spark, (*READ, into.window.table, into.table))
    if folders and driver_delta.count_rows(folders[0]) > most_on_driver:
        folders = None
    chosen = params.load(into.model)
    try:
        found = [champions.load(config.settings, into.model, days) for days in chosen.horizons]
    except AlluviumError as error:
        if chosen.is_optional and not champions.is_known(config.settings, into.model, chosen.horizons[0]):
            return {"without_model": 1}
        return stale.repeat(spark, config, into, folders, error)
    return _here(folders, found, config, into) if folders else _on_workers(spark, found, config, into)
