"""Say of every customer to which cluster they belong tonight.

Reads   ml.cluster_fits, gold.customer_features as of the day after run_date, gold.customers
Writes  ml.customer_clusters, one row per customer, that as-of date replaced
Rerun   the same rows
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from alluvium import catalog
from alluvium.lake import delta, driver_delta
from models.clusters import fits
from models.clusters.features import matrix
from models.clusters.population import read

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from alluvium.job import JobConfig
    from models.clusters.model import Clusters

SPARK_ON_DEMAND = True  # Only to make the table.
TABLE = catalog.ML_CUSTOMER_CLUSTERS
BATCH = 100_000


def assigned(clusters: Clusters, rows: pl.DataFrame) -> pl.DataFrame:
    """customer_id, cluster, cluster_name, probability, is_outlier of customers without a `reason`."""
    parts = [_of_batch(clusters, part) for part in rows.iter_slices(BATCH)]
    return pl.concat(parts) if parts else _of_batch(clusters, rows)


def _of_batch(clusters: Clusters, rows: pl.DataFrame) -> pl.DataFrame:
    points = clusters.standardised(matrix(rows))
    places = clusters.places(points)
    probabilities = clusters.probabilities(points)[np.arange(len(points)), places]
    return rows.select("customer_id").with_columns(
        pl.Series("cluster", np.array(clusters.labels, np.int32)[places], pl.Int32),
        pl.Series("cluster_name", np.array(clusters.names)[places], pl.String),
        pl.Series("probability", np.round(probabilities, 4), pl.Float64),
        pl.Series("is_outlier", clusters.outliers(points), pl.Boolean),
    )


def run(spark: SparkSession, config: JobConfig) -> dict[str, Any]:
    """Assign everybody; before the first training nobody is."""
    newest = fits.newest(config)
    if newest is None:
        return {"customers": 0}
    everybody = read(config)
    found = assigned(newest.clusters, everybody.filter(pl.col("reason").is_null()))
    told = everybody.select("customer_id", "reason").join(found, on="customer_id", how="left")
    _write(spark, config, _rows(config, newest, told))
    return {"customers": told.height, "assigned": found.height, "outliers": int(found["is_outlier"].sum())}


def _rows(config: JobConfig, fit: fits.Fit, told: pl.DataFrame) -> pa.Table:
    whole = told.with_columns(
        pl.lit(config.as_of_date).alias("as_of_date"),
        pl.lit(fit.run_date).alias("fitted_on"),
        pl.col("reason").alias("reason_code"),
    )
    assert TABLE.columns is not None
    return (
        whole.sort("customer_id").select(list(TABLE.columns)).to_arrow(compat_level=pl.CompatLevel.oldest())
    )


def _write(spark: SparkSession, config: JobConfig, rows: pa.Table) -> None:
    path = config.settings.lake / TABLE.schema / TABLE.name
    if not (path / "_delta_log").is_dir():
        delta.create(spark, TABLE)
    driver_delta.replace(driver_delta.shaped(rows, path), path, f"as_of_date = DATE '{config.as_of_date}'")
