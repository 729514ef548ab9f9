"""Which columns a model sees, and as what numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alluvium.errors import AlluviumError

KEYS = ("customer_id", "as_of_date")
NUMERIC = ("byte", "tinyint", "short", "smallint", "int", "long", "bigint", "float", "double", "decimal")
Matrix = NDArray[np.float32]


def usable(types: Mapping[str, str], excluded: Collection[str]) -> list[str]:
    """The numeric columns that are neither keys nor excluded, in the order of their names.

    `types` are the names that Spark or Delta give them; an excluded name may be a pattern, `preferred_*`.
    """
    numeric = {name for name, kind in types.items() if kind.startswith(NUMERIC)}
    left_out = {name for name in numeric for pattern in excluded if fnmatchcase(name, pattern)}
    return sorted(numeric - left_out - set(KEYS))


def dates(types: Mapping[str, str]) -> list[str]:
    """Columns that say when something was, as-of date aside: none may lie after it."""
    return sorted(
        name for name, kind in types.items() if kind.startswith(("date", "timestamp")) and name not in KEYS
    )


def matrix(frame: pl.DataFrame, features: Sequence[str]) -> Matrix:
    """Rows by features; a missing value becomes NaN, which the trees know how to take."""
    return (
        frame.select(pl.col(name).cast(pl.Float32) for name in features)
        .to_numpy()
        .astype(np.float32, copy=False)
    )


def require(columns: Collection[str], features: Sequence[str], whose: str, remedy: str) -> None:
    """Refuse to go on without a column that the model was fitted on; raises AlluviumError naming them."""
    missing = sorted(set(features) - set(columns))
    if missing:
        raise AlluviumError(
            f"{whose} needs {', '.join(missing)}",
            where="columns missing in gold.customer_features",
            do=remedy,
        )


def without(features: Sequence[str], flagged: Mapping[str, str]) -> list[str]:
    """The features that are not flagged."""
    return [name for name in features if name not in flagged]
