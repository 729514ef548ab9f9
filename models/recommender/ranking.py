"""The best products of a row of scores, ties broken by product, without sorting the whole catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.recommender.scores import ScoreRows

NOTHING = -1
# Scores that a thread holds at once: 32 MB a copy.
CHUNK_CELLS = 8_000_000
THREADS = 2


@dataclass(frozen=True)
class Ranking:
    """Rows x k, best first: product indices (NOTHING where a row has fewer than k) and their scores."""

    products: NDArray[np.int64]
    scores: NDArray[np.float32]

    @classmethod
    def stacked(cls, rankings: Sequence[Ranking], k: int) -> Ranking:
        """One below the other; no rankings give zero rows."""
        if not rankings:
            return cls(np.empty((0, k), dtype=np.int64), np.empty((0, k), dtype=np.float32))
        return cls(np.vstack([r.products for r in rankings]), np.vstack([r.scores for r in rankings]))


def _best_of_row(scores: NDArray[np.float32], threshold: np.float32, k: int) -> NDArray[np.int64]:
    """Indices of the k best: all above the k-th score, then the lowest indices that equal it."""
    above = np.flatnonzero(scores > threshold)
    level = np.flatnonzero(scores == threshold)[: k - len(above)]
    above = above[np.argsort(-scores[above], kind="stable")]
    return np.concatenate([above, level])


def best(scores: NDArray[np.float32], k: int) -> Ranking:
    """The k best products of each row, higher first, equal scores by product index; -inf is never chosen."""
    count_rows, count_products = scores.shape
    products = np.full((count_rows, k), NOTHING, dtype=np.int64)
    values = np.full((count_rows, k), -np.inf, dtype=np.float32)
    width = min(k, count_products)
    if width == 0:
        return Ranking(products, values)
    thresholds = np.partition(scores, count_products - width, axis=1)[:, count_products - width]
    for row in range(count_rows):
        chosen = _best_of_row(scores[row], thresholds[row], width)
        chosen = chosen[scores[row, chosen] > -np.inf]
        products[row, : len(chosen)] = chosen
        values[row, : len(chosen)] = scores[row, chosen]
    return Ranking(products, values)


def top_k(
    score_rows: ScoreRows, shape: tuple[int, int], k: int, hidden: sparse.csr_matrix | None = None
) -> Ranking:
    """The k best products of every customer, chunk by chunk; cells of `hidden` that are set are left out."""
    count_customers, count_products = shape
    step = max(1, CHUNK_CELLS // max(1, count_products))

    def ranked(start: int) -> Ranking:
        rows = slice(start, min(start + step, count_customers))
        scores = score_rows(rows)
        if hidden is not None:
            scores[hidden[rows].nonzero()] = -np.inf
        return best(scores, k)

    with ThreadPoolExecutor(
        THREADS
    ) as threads:  # numpy and scipy let go of the interpreter while they count.
        return Ranking.stacked(list(threads.map(ranked, range(0, count_customers, step))), k)
