"""A fitted set of clusters: what assigning a customer needs, kept as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import KDTree
from scipy.special import softmax
from sklearn.cluster import DBSCAN, KMeans
from sklearn.neighbors import NearestNeighbors

from alluvium.errors import AlluviumError
from models.clusters.choice import fitted
from models.clusters.features import COLUMNS, Numbers

MOST_CORE = 2_000  # Points that stand for the dense part; enough for eight dimensions, few to keep.
NEIGHBOURS = 2 * len(COLUMNS)  # Sander et al. 1998: twice the dimensions.
DENSE_SHARE = 0.98
NOT_WORSE = 1.02  # Of the sum of squared distances.
LEAST_VARIANCE = 0.01


@dataclass(frozen=True)
class Clusters:
    """Arrays are clusters by sides, in standard deviations, unless said otherwise.

    `mean` and `deviation` standardise a customer. `variances` and `weights` make the clusters a mixture of
    Gaussians around their centres. `core` are customers of the dense part: who is farther than `reach` from
    all of them is an outlier (DBSCAN).
    """

    mean: Numbers
    deviation: Numbers
    centres: Numbers
    variances: Numbers
    weights: Numbers
    core: Numbers
    reach: float
    labels: tuple[int, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def original_centres(self) -> Numbers:
        """The centres in the units of `features.matrix`."""
        return self.centres * self.deviation + self.mean

    def standardised(self, found: Numbers) -> Numbers:
        """Customers in standard deviations from the mean one."""
        return (found - self.mean) / self.deviation

    def places(self, points: Numbers) -> np.ndarray:
        """The nearest centre of each standardised customer."""
        return KDTree(self.centres).query(points)[1]

    def probabilities(self, points: Numbers) -> Numbers:
        """How likely each customer belongs to each cluster, by the mixture; rows sum to 1."""
        apart = (points[:, None, :] - self.centres) ** 2 / self.variances
        density = -0.5 * (apart + np.log(2 * np.pi * self.variances)).sum(axis=2)
        return softmax(density + np.log(self.weights), axis=1)

    def outliers(self, points: Numbers) -> np.ndarray:
        """Who is like nobody."""
        return KDTree(self.core).query(points)[0] > self.reach

    def to_json(self) -> str:
        """Everything, with the columns it was fitted on."""
        held = {**vars(self), "core": np.round(self.core, 4)}
        plain = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in held.items()}
        return json.dumps({"columns": COLUMNS, **plain})


def from_json(text: str) -> Clusters:
    """Raises AlluviumError when the model was fitted on other columns."""
    held: dict[str, Any] = json.loads(text)
    if tuple(held.pop("columns")) != COLUMNS:
        raise AlluviumError(
            "The clusters were fitted on other columns",
            where="ml.cluster_fits",
            do="Fit them again: `alluvium job clusters.train --run-date <date>`",
        )
    plain = {name: np.array(value) for name, value in held.items() if isinstance(value, list)}
    return Clusters(**{**held, **plain, "labels": tuple(held["labels"]), "names": tuple(held["names"])})


def fit(found: Numbers, k: int, earlier: Numbers | None = None) -> Clusters:
    """k-means, the spread of each cluster, and the dense part of the customers.

    `earlier` are k centres of before, in the units of `found`: what grows from them is preferred unless a
    fresh start is clearly better.
    """
    mean, deviation = found.mean(axis=0), found.std(axis=0)
    deviation[deviation == 0] = 1.0
    points = (found - mean) / deviation
    means = fitted(points, k, starts=10)
    if earlier is not None and len(earlier) == k:
        grown = KMeans(k, init=(earlier - mean) / deviation, n_init=1).fit(points)
        means = grown if grown.inertia_ <= NOT_WORSE * means.inertia_ else means
    inside = [points[means.labels_ == place] for place in range(k)]
    variances = np.array([part.var(axis=0) + LEAST_VARIANCE for part in inside])
    weights = np.array([len(part) / len(points) for part in inside])
    core, reach = dense(points)
    return Clusters(mean, deviation, means.cluster_centers_, variances, weights, core, reach)


def dense(points: Numbers) -> tuple[Numbers, float]:
    """Core points of DBSCAN (Ester et al. 1996) and its radius, in which 98 % have enough neighbours."""
    dice = np.random.default_rng(0)
    sample = points[dice.permutation(len(points))[:MOST_CORE]]
    neighbours = min(NEIGHBOURS, len(sample) - 1)
    apart = NearestNeighbors(n_neighbors=neighbours + 1).fit(sample).kneighbors(sample)[0][:, -1]
    reach = float(np.quantile(apart, DENSE_SHARE))
    found = DBSCAN(eps=reach, min_samples=neighbours).fit(sample)
    return sample[found.core_sample_indices_], reach
