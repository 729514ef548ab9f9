"""Find the clusters: how many, which, and what they are called.

Reads   gold.customer_features as of the day after run_date, gold.customers, ml.cluster_fits before it
Writes  ml.cluster_fits, the row of the run date replaced
Rerun   the same row

Labels go on: a cluster in the place of an earlier one keeps its number, so that customers keep theirs.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from alluvium import catalog
from alluvium.lake import ledger
from models.clusters import choice, fits, model, naming, picture
from models.clusters.features import Numbers, matrix
from models.clusters.population import read

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from alluvium.job import JobConfig
    from models.clusters.model import Clusters

SPARK_ON_DEMAND = True  # Nothing here needs it.
FEWEST_CUSTOMERS = 100
MOST_FITTED = 50_000


def sample(found: Numbers) -> Numbers:
    """At most MOST_FITTED customers, the same each time."""
    chosen = np.random.default_rng(0).permutation(len(found))[:MOST_FITTED]
    return found[np.sort(chosen)]


def labelled(found: Clusters, before: Clusters | None, highest: int) -> Clusters:
    """With names, and with the labels of the clusters that were there before."""
    nothing = np.empty((0, len(found.mean)))
    earlier = nothing if before is None else found.standardised(before.original_centres)
    given = naming.labels(found.centres, earlier, before.labels if before else (), highest)
    return replace(found, labels=tuple(given), names=tuple(naming.names(found.centres)))


def run(spark: SparkSession, config: JobConfig) -> dict[str, Any]:
    """Try every number of clusters, keep the best; too few customers have none."""
    rows = read(config).filter(pl.col("reason").is_null())
    if rows.height < FEWEST_CUSTOMERS:
        return {"customers": rows.height, "clusters": 0}
    found = sample(matrix(rows))
    points = (found - found.mean(axis=0)) / np.where(found.std(axis=0) == 0, 1, found.std(axis=0))
    candidates = [choice.candidate(points, k) for k in range(choice.FEWEST, choice.MOST + 1)]
    earlier = fits.before(config)
    last = earlier[-1].clusters if earlier else None
    best = choice.best(candidates, len(last.labels) if last else None)
    highest = max((label for fit in earlier for label in fit.clusters.labels), default=0)
    fresh = model.fit(found, best.k, last.original_centres if last else None)
    clusters = labelled(fresh, last, highest)
    row = {
        "run_date": config.run_date,
        "k": best.k,
        "silhouette": best.silhouette,
        "stability": best.stability,
        "elbow_k": choice.elbow(candidates),
        "count_customers": rows.height,
        "candidates": json.dumps([asdict(one) for one in candidates]),
        "picture": json.dumps(picture.points(clusters, found)),
        "model": clusters.to_json(),
    }
    ledger.replace(catalog.ML_CLUSTER_FITS, [row], f"run_date = '{config.run_date}'", config.settings)
    return {"customers": rows.height, "clusters": best.k, "silhouette": round(best.silhouette, 3)}
