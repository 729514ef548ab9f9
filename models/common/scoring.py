"""Score every customer: by the champion where it can speak, by a stated prior where it cannot.

The booster goes to the workers as bytes that were checked against the registry; features never come to the
driver, so a night of millions needs no other way.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from alluvium import catalog, delta
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.table import Table
from models.common import monitoring, registry
from models.common.boosting import Manifest
from models.common.features import require
from models.common.population import LAPSED, LAST_ORDER, NO_CONSENT, NO_HISTORY, orders_column
from models.common.prediction import PREDICTED, predict_batches

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession


def _states(spark: SparkSession, as_of_date: date, active_days: int) -> DataFrame:
    """Every customer with its features of the day, and why the model cannot speak of it, if so."""
    from pyspark.sql import functions as F

    customers = delta.read(spark, catalog.GOLD_CUSTOMERS).select("customer_id", "is_profiling_allowed")
    features = delta.read(spark, catalog.GOLD_CUSTOMER_FEATURES).where(
        F.col("as_of_date") == F.lit(as_of_date)
    )
    is_active = F.coalesce(F.col(orders_column(active_days)), F.lit(0)) > 0
    reason = (
        F.when(~F.coalesce("is_profiling_allowed", F.lit(False)), NO_CONSENT)
        .when(F.col(LAST_ORDER).isNull(), NO_HISTORY)
        .when(~is_active, LAPSED)
    )
    joined = customers.join(features.drop("as_of_date"), on="customer_id", how="left")
    return joined.withColumn("reason_code", reason)


def _prior(priors: dict[str, float]) -> Column:
    from pyspark.sql import functions as F

    pairs = [F.lit(part) for pair in sorted(priors.items()) for part in pair]
    return F.element_at(F.create_map(*pairs), F.col("reason_code"))


def _decile() -> Column:
    """Tenth among those whom the model speaks of, 1 highest; ties go by customer id."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    highest_first = Window.partitionBy("scored_for").orderBy(F.desc("prediction"), "customer_id")
    return F.when(F.col("scored_for") == "model", F.ntile(10).over(highest_first))


def scored(
    states: DataFrame, content: bytes, manifest: Manifest, as_of_date: date, version: str
) -> DataFrame:
    """One row per customer: prediction, decile, scored_for, reason_code, model_version."""
    from pyspark.sql import functions as F

    asked = states.where("reason_code is null")
    numbers = [F.col(name).cast("double") for name in manifest.features]
    predicted = asked.select("customer_id", *numbers).mapInArrow(
        partial(predict_batches, content=content), PREDICTED
    )
    return (
        states.select("customer_id", "reason_code")
        .join(predicted, on="customer_id", how="left")
        .withColumn("scored_for", F.when(F.col("reason_code").isNull(), "model").otherwise("prior"))
        # Six digits: more is noise, and would differ between machines.
        .withColumn("prediction", F.round(F.coalesce("prediction", _prior(dict(manifest.priors))), 6))
        .withColumn("decile", _decile())
        .withColumn("as_of_date", F.lit(as_of_date))
        .withColumn("horizon_days", F.lit(manifest.horizon_days))
        .withColumn("model_version", F.lit(version))
    )


def _check(spark: SparkSession, states_of: date, manifest: Manifest, name: str) -> None:
    from pyspark.sql import functions as F

    features = delta.read(spark, catalog.GOLD_CUSTOMER_FEATURES)
    retrain = f"Train again: `alluvium job {manifest.model}.train --run-date <date>`"
    needed = (*manifest.features, LAST_ORDER, orders_column(manifest.active_days))
    require(features.columns, needed, f"The champion of {name}", retrain)
    if features.where(F.col("as_of_date") == F.lit(states_of)).isEmpty():
        raise AlluviumError(
            f"There are no features as of {states_of}",
            where="gold.customer_features",
            do="Build the marts of that night first",
        )


def score_horizon(spark: SparkSession, config: JobConfig, model: str, horizon_days: int) -> DataFrame:
    """The scores of one horizon as of the day after the run date.

    Raises AlluviumError when the champion is missing, corrupt or needs a column that is gone: the table keeps
    the scores of earlier nights.
    """
    name = registry.registered_name(model, horizon_days)
    champion = registry.champion(config.settings, name)
    content = registry.content(config.settings, champion)
    manifest = registry.manifest(champion)
    _check(spark, config.as_of_date, manifest, name)
    states = _states(spark, config.as_of_date, manifest.active_days)
    return scored(states, content, manifest, config.as_of_date, champion.number)


def publish(
    scores: DataFrame, shape: Callable[[DataFrame], DataFrame], table: Table, config: JobConfig, model: str
) -> dict[str, int]:
    """Replace the night's slice of the table and of ml.monitoring; `shape` gives the table's columns.

    Returns how many customers have how their score.
    """
    scores = scores.cache()  # Looked at, written and measured: the model speaks once.
    try:
        delta.replace_where(shape(scores), table, f"as_of_date = DATE'{config.as_of_date}'")
        return monitoring.note(scores, model, config)
    finally:
        scores.unpersist()
