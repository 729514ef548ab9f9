"""How many clusters there are: silhouette, elbow, stability over seeds, and a mixture beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.mixture import GaussianMixture

from models.clusters.features import Numbers

FEWEST, MOST = 3, 8
SEEDS = range(5)
SHARE_OF_A_SEED = 0.8
STABLE = 0.75  # Mean adjusted Rand index; below it other seeds give other clusters.
# Silhouette and stability differ by that between two nights.
TOLERANCE, STEADY = 0.02, 0.1
MOST_COMPARED = 4_000  # Customers in a silhouette, whose cost grows with their square.


@dataclass(frozen=True)
class Candidate:
    """One number of clusters.

    `silhouette` (Rousseeuw 1987) is -1 to 1; `stability` is the mean adjusted Rand index (Hubert and Arabie
    1985) between fits of different seeds on different 80 % of the customers; `inertia` is the sum of squared
    distances to the centres. `mixture_*` are of a Gaussian mixture that starts at the centres: its
    silhouette, its BIC (lower is better) and how far its clusters are the same.
    """

    k: int
    silhouette: float
    stability: float
    inertia: float
    mixture_silhouette: float
    mixture_bic: float
    mixture_agreement: float


def fitted(points: Numbers, k: int, seed: int = 0, starts: int = 5) -> KMeans:
    """k-means++ with the best of `starts` starts."""
    return KMeans(k, n_init=starts, random_state=seed).fit(points)


def mixture(points: Numbers, centres: Numbers, seed: int = 0) -> GaussianMixture:
    """A mixture with diagonal covariances whose components start at the centres, in their order."""
    k = len(centres)
    made = GaussianMixture(k, covariance_type="diag", means_init=centres, reg_covar=1e-3, random_state=seed)
    return made.fit(points)


def stability(points: Numbers, k: int) -> float:
    """Whether other seeds and other customers lead to the same clusters."""
    labels = []
    for seed in SEEDS:
        dice = np.random.default_rng(seed)
        chosen = dice.choice(len(points), int(len(points) * SHARE_OF_A_SEED), replace=False)
        labels.append(fitted(points[chosen], k, seed, starts=1).predict(points))
    return float(np.mean([adjusted_rand_score(one, other) for one, other in combinations(labels, 2)]))


def _silhouette(points: Numbers, labels: np.ndarray) -> float:
    if len(np.unique(labels)) < 2:
        return -1.0
    size = min(MOST_COMPARED, len(points))
    return float(silhouette_score(points, labels, sample_size=size, random_state=0))


def candidate(points: Numbers, k: int) -> Candidate:
    """Fit one number of clusters and say how good it is."""
    means = fitted(points, k)
    mixed = mixture(points, means.cluster_centers_)
    mixed_labels = mixed.predict(points)
    return Candidate(
        k=k,
        silhouette=_silhouette(points, means.labels_),
        stability=stability(points, k),
        inertia=float(means.inertia_),
        mixture_silhouette=_silhouette(points, mixed_labels),
        mixture_bic=float(mixed.bic(points)),
        mixture_agreement=float(adjusted_rand_score(means.labels_, mixed_labels)),
    )


def best(candidates: Sequence[Candidate], before: int | None = None) -> Candidate:
    """The highest silhouette among the stable ones; the most stable when none is.

    The number of clusters `before` is kept while it is not clearly worse, so that customers keep theirs.
    """
    chosen = _best(candidates)
    kept = next((one for one in candidates if one.k == before), chosen)
    is_worse = kept.silhouette < chosen.silhouette - TOLERANCE or kept.stability < STABLE - STEADY
    return chosen if is_worse else kept


def _best(candidates: Sequence[Candidate]) -> Candidate:
    stable = [one for one in candidates if one.stability >= STABLE]
    if not stable:
        return max(candidates, key=lambda one: one.stability)
    return max(stable, key=lambda one: one.silhouette)


def elbow(candidates: Sequence[Candidate]) -> int:
    """Where the inertia bends most: the farthest below the line from the first to the last candidate."""
    ordered = sorted(candidates, key=lambda one: one.k)
    inertia = np.array([one.inertia for one in ordered])
    along = np.linspace(0, 1, len(ordered))
    line = inertia[0] + along * (inertia[-1] - inertia[0])
    return ordered[int(np.argmax(line - inertia))].k
