"""How the scores of a night look: counts and quantiles, kept in ml.monitoring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from alluvium import catalog, ledger
from alluvium.job import JobConfig

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

QUANTILES = {"p10_score": 0.1, "p50_score": 0.5, "p90_score": 0.9}
GROUP = ("horizon_days", "model_version", "group")

Measured = Sequence[Mapping[str, Any]]


def of_arrow(scores: pa.Table) -> Measured:
    """Count, mean and quantiles of each horizon and group (model, or the reason of a prior)."""
    frame = pl.from_arrow(scores)
    assert isinstance(frame, pl.DataFrame)
    score = pl.col("prediction")
    quantiles = [score.quantile(q, interpolation="linear").alias(name) for name, q in QUANTILES.items()]
    return (
        frame.with_columns(group=pl.coalesce("reason_code", "scored_for"))
        .group_by(GROUP)
        .agg(pl.len().alias("count"), score.mean().alias("mean_score"), *quantiles)
        .to_dicts()
    )


def of_frame(scores: DataFrame) -> Measured:
    """The same of a DataFrame."""
    from pyspark.sql import functions as F

    group = F.coalesce("reason_code", "scored_for").alias("group")
    quantiles = [F.percentile("prediction", F.lit(share)).alias(name) for name, share in QUANTILES.items()]
    found = (
        scores.groupBy("horizon_days", "model_version", group)
        .agg(F.count("*").alias("count"), F.mean("prediction").alias("mean_score"), *quantiles)
        .collect()
    )
    return [row.asDict() for row in found]


def _metrics(row: Mapping[str, Any]) -> dict[str, float]:
    found = {f"count_{row['group']}": float(row["count"])}
    if row["group"] == "model":
        found |= {name: float(row[name]) for name in ("mean_score", *QUANTILES)}
    return found


def _replace(
    model: str, config: JobConfig, found: Sequence[tuple[int | None, str | None, str, float]]
) -> None:
    """The model's rows of the day: horizon, version, metric, value."""
    rows = [
        {
            "model": model,
            "horizon_days": horizon_days,
            "as_of_date": config.as_of_date,
            "metric": metric,
            "value": value,
            "model_version": version,
        }
        for horizon_days, version, metric, value in found
    ]
    same = f"model = '{model}' AND as_of_date = '{config.as_of_date}'"
    ledger.replace(catalog.ML_MONITORING, rows, same, config.settings)


def note(measured: Measured, model: str, config: JobConfig) -> dict[str, int]:
    """Replace the model's rows of the day; returns the counts by group, summed over horizons."""
    _replace(
        model,
        config,
        [
            (row["horizon_days"], row["model_version"], metric, value)
            for row in measured
            for metric, value in _metrics(row).items()
        ],
    )
    counts: Counter[str] = Counter()
    for row in measured:
        counts[f"customers_{row['group']}"] += int(row["count"])
    return dict(counts)


def note_stale(model: str, config: JobConfig, days: int) -> dict[str, int]:
    """Note that the scores of the day are older ones, made so many days before."""
    _replace(model, config, [(None, None, "stale_days", float(days))])
    return {"stale_days": days}
