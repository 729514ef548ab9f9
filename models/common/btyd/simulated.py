"""Customers who live as BG/NBD says, so that what a fit finds can be held against what is true."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
# Of Fader, Hardie, Lee 2005, on CDNOW.
TRUTH = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}


def customers(count: int, seed: int = 1) -> tuple[Numbers, Numbers, Numbers]:
    """Frequency, recency and age, in weeks, of `count` customers known for 10 to 78 weeks."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(10, 78, count)
    rate = rng.gamma(TRUTH["r"], 1 / TRUTH["alpha"], count)
    leaves = rng.beta(TRUTH["a"], TRUTH["b"], count)
    frequency, recency, now = np.zeros(count), np.zeros(count), np.zeros(count)
    alive = np.arange(count)
    while len(alive):
        now[alive] += rng.exponential(1 / rate[alive])
        alive = alive[now[alive] < age[alive]]
        frequency[alive] += 1
        recency[alive] = now[alive]
        alive = alive[rng.uniform(size=len(alive)) >= leaves[alive]]
    return frequency, recency, age
