"""Customers on a plane: the two principal components, for the report. No ids, only positions and clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from models.clusters.features import Numbers
from models.clusters.model import Clusters

MOST_POINTS = 600


def points(clusters: Clusters, found: Numbers) -> dict[str, Any]:
    """At most MOST_POINTS customers as x, y and label, and the share of variance that the plane shows."""
    standardised = clusters.standardised(found)
    plane = PCA(2, random_state=0).fit(standardised)
    chosen = standardised[np.random.default_rng(0).permutation(len(standardised))[:MOST_POINTS]]
    flat, places = plane.transform(chosen), clusters.places(chosen)
    return {
        "variance": round(float(plane.explained_variance_ratio_.sum()), 4),
        "points": [
            {"x": round(float(x), 3), "y": round(float(y), 3), "cluster": clusters.labels[place]}
            for (x, y), place in zip(flat, places, strict=True)
        ],
    }
