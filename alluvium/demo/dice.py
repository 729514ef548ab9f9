"""Seeded randomness, one stream per purpose: a change in one source leaves the others as they were."""

from __future__ import annotations

import zlib
from random import Random

import numpy as np


def dice(seed: int, purpose: str) -> Random:
    """A stream for record-by-record choices; the same on every machine."""
    return Random(f"{seed}/{purpose}")


def array_dice(seed: int, purpose: str) -> np.random.Generator:
    """A stream for whole columns at once."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def opaque_ids(rng: Random, count: int, prefix: str, digits: int = 8) -> list[str]:
    """Distinct ids in random order, which say nothing about the person or the order of creation."""
    numbers = rng.sample(range(10 ** (digits - 1), 10**digits), count)
    return [f"{prefix}{number}" for number in numbers]
