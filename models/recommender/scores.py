"""What every model gives: scores of all products for some customers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

# A fitted model: for a slice of customers, their scores of all products, float32, higher is better.
ScoreRows = Callable[[slice], NDArray[np.float32]]

# A model that compares customers holds a matrix of them, 8 bytes a cell, three times: 2.4 GB at the limit.
MAX_CUSTOMERS = 10_000


def to_compare(bought: sparse.csr_matrix) -> sparse.csr_matrix:
    """The rows that others are compared with: all up to MAX_CUSTOMERS, beyond it so many in even steps.

    Customers are in the order of their ids, which are hashes: even steps are a sample. With it time and
    memory grow with the number of customers, not with its square.
    """
    if bought.shape[0] <= MAX_CUSTOMERS:
        return bought
    return bought[np.linspace(0, bought.shape[0] - 1, MAX_CUSTOMERS).astype(np.int64)]


def times(left: NDArray[np.float32], right: sparse.spmatrix) -> NDArray[np.float32]:
    """Dense times sparse as a dense, row-major array."""
    return np.ascontiguousarray((right.T @ left.T).T, dtype=np.float32)
