"""How the scores of a night look: counts and quantiles, kept in ml.monitoring."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from alluvium import catalog, delta

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row

QUANTILES = {"p10_score": 0.1, "p50_score": 0.5, "p90_score": 0.9}


def _measured(scores: DataFrame) -> list[Row]:
    """Count, mean and quantiles of each horizon and group (model, or the reason of a prior)."""
    from pyspark.sql import functions as F

    group = F.coalesce("reason_code", "scored_for").alias("group")
    quantiles = [F.percentile("prediction", F.lit(share)).alias(name) for name, share in QUANTILES.items()]
    return (
        scores.groupBy("horizon_days", "model_version", group)
        .agg(F.count("*").alias("count"), F.mean("prediction").alias("mean_score"), *quantiles)
        .collect()
    )


def _metrics(row: Row) -> dict[str, float]:
    found = {f"count_{row['group']}": float(row["count"])}
    if row["group"] == "model":
        found |= {name: float(row[name]) for name in ("mean_score", *QUANTILES)}
    return found


def note(scores: DataFrame, model: str, as_of_date: date) -> dict[str, int]:
    """Replace the model's rows of the day; returns the counts by group, summed over horizons."""
    table = catalog.ML_MONITORING
    measured = _measured(scores)
    rows = [
        (model, row["horizon_days"], as_of_date, metric, value, row["model_version"])
        for row in measured
        for metric, value in _metrics(row).items()
    ]
    schema = (
        "model string, horizon_days int, as_of_date date, metric string, value double, model_version string"
    )
    noted = scores.sparkSession.createDataFrame(rows, schema)
    delta.replace_where(noted, table, f"model = '{model}' AND as_of_date = DATE'{as_of_date}'")
    counts: dict[str, int] = {}
    for row in measured:
        counts[f"customers_{row['group']}"] = counts.get(f"customers_{row['group']}", 0) + int(row["count"])
    return counts
