"""How sure a mean over customers is: percentile bootstrap (Efron 1979), customers drawn with replacement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000
SEED = 20171031
LEVEL = 95.0


def _means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of each of DRAWS samples of the customers, the same samples for the same number of them."""
    count = len(values)
    random = np.random.default_rng(SEED)
    return np.array([values[random.integers(0, count, count)].mean() for _ in range(DRAWS)])


def interval(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """The limits that hold LEVEL percent of the means; None without customers."""
    if len(values) == 0:
        return None
    low, high = np.percentile(_means(values), [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return float(low), float(high)


def is_better(challenger: NDArray[np.float64], champion: NDArray[np.float64]) -> bool:
    """Whether the gain, customer by customer, is above 0 with all of its interval."""
    limits = interval(challenger - champion)
    return limits is not None and limits[0] > 0.0
