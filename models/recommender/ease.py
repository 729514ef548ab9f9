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
from models.recommender.scores import ScoreRows, check_customers_fit, times


def _quadratic_forms(kernel: NDArray[np.float64], matrix: sparse.csr_matrix) -> NDArray[np.float64]:
    """x' K x for every column x of a matrix of zeros and ones: the sum of K over the buyers of a product."""
    columns = matrix.tocsc()
    forms = np.zeros(matrix.shape[1])
    for product in np.flatnonzero(np.diff(columns.indptr)):
        buyers = columns.indices[columns.indptr[product] : columns.indptr[product + 1]]
        forms[product] = kernel[np.ix_(buyers, buyers)].sum()
    return forms


@lru_cache(maxsize=1)  # Two placements, or a blend and its part, ask for the same fit one after the other.
def fit(purchases: Purchases, *, regularisation: float) -> ScoreRows:
    """Scores X B, where B has a zero diagonal and minimises |X - XB|^2 + regularisation |B|^2; X is 0 or 1.

    With K = (X X' + regularisation I)^-1 and P = (X' X + regularisation I)^-1 holds X P = K X and
    P_jj = (1 - x_j' K x_j) / regularisation, so X B = X - K X / diag(P).
    """
    bought = purchases.bought()
    check_customers_fit("ease", bought.shape[0])
    gram = (bought @ bought.T).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += regularisation
    kernel = linalg.inv(gram, overwrite_a=True, assume_a="pos") if len(gram) else gram
    inverse_diagonal = regularisation / (1.0 - _quadratic_forms(kernel, bought))
    scaled = (bought @ sparse.diags(inverse_diagonal.astype(np.float32))).tocsr()
    compact = kernel.astype(np.float32)

    def score(rows: slice) -> NDArray[np.float32]:
        return np.asarray(bought[rows].toarray() - times(compact[rows], scaled), dtype=np.float32)

    return score
