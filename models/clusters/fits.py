"""The fits that there were: `ml.cluster_fits`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from alluvium import catalog
from alluvium.job import JobConfig
from alluvium.lake import ledger
from models.clusters.model import Clusters, from_json


@dataclass(frozen=True)
class Fit:
    """The clusters of one training."""

    run_date: date
    clusters: Clusters


def before(config: JobConfig) -> list[Fit]:
    """Fits of earlier run dates, oldest first."""
    return [fit for fit in _all(config) if fit.run_date < config.run_date]


def newest(config: JobConfig) -> Fit | None:
    """The fit that a night of the run date goes by."""
    return next(reversed([fit for fit in _all(config) if fit.run_date <= config.run_date]), None)


def _all(config: JobConfig) -> list[Fit]:
    rows = ledger.rows(catalog.ML_CLUSTER_FITS, config.settings)
    return sorted(
        (Fit(row["run_date"], from_json(row["model"])) for row in rows), key=lambda fit: fit.run_date
    )
