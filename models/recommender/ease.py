"""EASE: each product predicted linearly from the others that the customer bought.

Steck 2019, "Embarrassingly shallow autoencoders for sparse data". The paper inverts products x products;
with fewer customers than products the same weights follow from customers x customers (Woodbury), which
keeps the whole catalogue: nothing is pruned.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from models.recommender.purchases import Purchases
from models.recommender.scores import ScoreRows, times, to_compare

CELLS_AT_ONCE = 4_000_000


def _quadratic_forms(kernel: NDArray[np.float64], matrix: sparse.csr_matrix) -> NDArray[np.float64]:
    """x' K x for every column x of a matrix of zeros and ones: the sum of K over the buyers of a product."""
    columns, forms = matrix.tocsc(), np.zeros(matrix.shape[1])
    count_buyers = np.diff(columns.indptr)
    for count in np.unique(count_buyers[count_buyers > 0]):  # Products with as many buyers at once.
        products = np.flatnonzero(count_buyers == count)
        for some in np.array_split(products, 1 + len(products) * count**2 // CELLS_AT_ONCE):
            buyers = columns.indices[columns.indptr[some][:, None] + np.arange(count)]
            forms[some] = kernel[buyers[:, :, None], buyers[:, None, :]].sum(axis=(1, 2))
    return forms


@lru_cache(maxsize=1)  # Two placements, or a blend and its part, ask for the same fit one after the other.
def fit(purchases: Purchases, *, regularisation: float) -> ScoreRows:
    """Scores X B, where B has a zero diagonal and minimises |S - SB|^2 + regularisation |B|^2.

    X is 0 or 1, S the rows of X that are compared. With K = (S S' + regularisation I)^-1, the inverse
    P = (S'S + regularisation I)^-1 is (I - S' K S) / regularisation, and X B = X - X P / diag(P).
    """
    bought = purchases.bought()
    compared = to_compare(bought)
    gram = (compared @ compared.T).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += regularisation
    kernel = linalg.inv(gram, overwrite_a=True, assume_a="pos") if len(gram) else gram
    inverse_diagonal = regularisation / (1.0 - _quadratic_forms(kernel, compared))
    scaled = (compared @ sparse.diags(inverse_diagonal.astype(np.float32))).tocsr()
    compact = kernel.astype(np.float32)

    def inside(rows: slice) -> NDArray[np.float32]:
        # X P = K X where everybody is compared: no difference of large numbers.
        return np.asarray(bought[rows].toarray() - times(compact[rows], scaled), dtype=np.float32)

    def outside(rows: slice) -> NDArray[np.float32]:
        near = np.asarray((bought[rows] @ compared.T).toarray(), dtype=np.float32) @ compact
        own = bought[rows].toarray()
        left = own * inverse_diagonal.astype(np.float32) - times(near, scaled)
        return np.asarray(own - left / np.float32(regularisation), dtype=np.float32)

    return inside if compared is bought else outside
