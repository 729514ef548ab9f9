"""Which columns a model sees, and as what numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alluvium.errors import AlluviumError

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

KEYS = ("customer_id", "as_of_date")
Matrix = NDArray[np.float32]


def usable(schema: StructType, excluded: Collection[str]) -> list[str]:
    """The numeric columns that are neither keys nor excluded, in the order of their names."""
    from pyspark.sql.types import NumericType

    numeric = {field.name for field in schema if isinstance(field.dataType, NumericType)}
    return sorted(numeric - set(excluded) - set(KEYS))


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
