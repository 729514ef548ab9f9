"""How the scores of a night look: counts and quantiles, kept in ml.monitoring."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from alluvium import catalog, ledger
from alluvium.job import JobConfig

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


def note(scores: DataFrame, model: str, config: JobConfig) -> dict[str, int]:
    """Replace the model's rows of the day; returns the counts by group, summed over horizons."""
    measured = _measured(scores)
    rows = [
        {
            "model": model,
            "horizon_days": row["horizon_days"],
            "as_of_date": config.as_of_date,
            "metric": metric,
            "value": value,
            "model_version": row["model_version"],
        }
        for row in measured
        for metric, value in _metrics(row).items()
    ]
    same = f"model = '{model}' AND as_of_date = '{config.as_of_date}'"
    ledger.replace(catalog.ML_MONITORING, rows, same, config.settings)
    counts: Counter[str] = Counter()
    for row in measured:
        counts[f"customers_{row['group']}"] += int(row["count"])
    return dict(counts)
