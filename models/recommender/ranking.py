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
# With fewer products a rank there is nothing to gain from piles.
PILES_FROM = 4


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


def _slowly(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Rows x k of the best products, whatever equals what."""
    rest = scores.shape[1] - k
    thresholds = np.partition(scores, rest, axis=1)[:, rest]
    found = [_best_of_row(row, threshold, k) for row, threshold in zip(scores, thresholds, strict=True)]
    return np.array(found, dtype=np.int64).reshape(len(scores), k)


def _top(values: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The places of the k greatest of each row, in no order, and whether an equal one was left out."""
    rest = values.shape[1] - k
    places = np.argpartition(values, rest, axis=1)[:, rest:]
    least = np.take_along_axis(values, places, axis=1).min(axis=1)
    return places, np.count_nonzero(values >= least[:, None], axis=1) > k


def _quickly(scores: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Rows x k of the best products, and the rows for which that may be wrong, because of equal scores.

    Products are dealt out to piles. The k best lie in the k piles with the highest tops, and to find the top
    of every pile is a pass over the scores that a processor does eight at a time.
    """
    count_rows, count_products = scores.shape
    depth = max(1, int(np.sqrt(count_products / k)))
    piles = count_products // depth
    dealt = scores[:, : piles * depth].reshape(count_rows, depth, piles)
    chosen, is_tied = _top(dealt.max(axis=1), k)
    columns = (chosen[:, :, None] + piles * np.arange(depth)).reshape(count_rows, -1)
    left = np.arange(piles * depth, count_products)
    columns = np.concatenate([columns, np.broadcast_to(left, (count_rows, len(left)))], axis=1)
    places, is_tied_within = _top(np.take_along_axis(scores, columns, axis=1), k)
    products = np.take_along_axis(columns, places, axis=1)
    order = np.lexsort((products, -np.take_along_axis(scores, products, axis=1)), axis=1)
    return np.take_along_axis(products, order, axis=1), is_tied | is_tied_within


def best(scores: NDArray[np.float32], k: int) -> Ranking:
    """The k best products of each row, higher first, equal scores by product index; -inf is never chosen."""
    count_rows, count_products = scores.shape
    width = min(k, count_products)
    products = np.full((count_rows, k), NOTHING, dtype=np.int64)
    values = np.full((count_rows, k), -np.inf, dtype=np.float32)
    if width == 0 or count_rows == 0:
        return Ranking(products, values)
    is_open = np.ones(count_rows, dtype=bool)
    if count_products >= PILES_FROM * width:
        products[:, :width], is_open = _quickly(scores, width)
    products[is_open, :width] = _slowly(scores[is_open], width)
    values[:, :width] = np.take_along_axis(scores, products[:, :width], axis=1)
    products[values == -np.inf] = NOTHING
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
