"""What every model gives: scores of all products for some customers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from alluvium.errors import AlluviumError

# A fitted model: for a slice of customers, their scores of all products, float32, higher is better.
ScoreRows = Callable[[slice], NDArray[np.float32]]

# A model that holds a matrix of customers x customers needs 8 bytes a cell, three times: 2.4 GB at the limit.
MAX_CUSTOMERS = 10_000


def check_customers_fit(model: str, count_customers: int) -> None:
    """Raises AlluviumError when a matrix of customers x customers would not fit."""
    if count_customers > MAX_CUSTOMERS:
        raise AlluviumError(
            f"The model {model} compares every customer with every other and takes at most {MAX_CUSTOMERS:,} "
            f"customers with purchases, there are {count_customers:,}",
            do="Take it out of models/recommender/placements/, or raise MAX_CUSTOMERS on a larger driver",
        )


def times(left: NDArray[np.float32], right: sparse.spmatrix) -> NDArray[np.float32]:
    """Dense times sparse as a dense, row-major array."""
    return np.ascontiguousarray((right.T @ left.T).T, dtype=np.float32)
