"""How the scores of a night look, and what was watched beside them: kept in ml.monitoring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from alluvium import catalog
from alluvium.job import JobConfig
from alluvium.lake import ledger
from models.common.watching import Metric

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


def _metrics(measured: Measured) -> Iterator[Metric]:
    for row in measured:
        horizon_days, version, group = (row[name] for name in GROUP)
        yield Metric(horizon_days, version, f"count_{group}", float(row["count"]))
        if group == "model":
            for name in ("mean_score", *QUANTILES):
                yield Metric(horizon_days, version, name, float(row[name]))


def _replace(model: str, config: JobConfig, found: Sequence[Metric]) -> None:
    """The model's rows of the day."""
    rows = [
        {
            "model": model,
            "horizon_days": metric.horizon_days,
            "as_of_date": config.as_of_date,
            "metric": metric.name,
            "value": metric.value,
            "alert": metric.alert,
            "model_version": metric.version,
        }
        for metric in found
    ]
    same = f"model = '{model}' AND as_of_date = '{config.as_of_date}'"
    ledger.replace(catalog.ML_MONITORING, rows, same, config.settings)


def note(measured: Measured, watched: Sequence[Metric], model: str, config: JobConfig) -> dict[str, int]:
    """Replace the model's rows of the day; returns counts by group, summed over horizons, and alerts."""
    _replace(model, config, [*_metrics(measured), *watched])
    counts: Counter[str] = Counter()
    for row in measured:
        counts[f"customers_{row['group']}"] += int(row["count"])
    counts["alerts"] = sum(metric.alert == "alert" for metric in watched)
    counts.update({metric.name: 1 for metric in watched if metric.name.startswith("retrain_")})
    return dict(counts)


def note_stale(model: str, horizon_days: int, config: JobConfig, days: int) -> dict[str, int]:
    """Note that the scores of the day are older ones, made so many days before."""
    _replace(model, config, [Metric(horizon_days, "", "stale_days", float(days), "alert")])
    return {"stale_days": days}
