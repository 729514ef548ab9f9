"""One list from several placements: a home page shows what is due beside what is new."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.recommender.ranking import NOTHING, Ranking

# As in rank fusion: scores of different models cannot be compared, places can.
DAMPING = 60.0


def _turns(widths: Sequence[int], shares: Sequence[int]) -> list[tuple[int, int]]:
    """Part and column of every place: `shares` columns of each part in turn, until all are used up."""
    rounds = range(max(-(-width // share) for width, share in zip(widths, shares, strict=True)))
    return [
        (part, column)
        for turn in rounds
        for part, share in enumerate(shares)
        for column in range(turn * share, min((turn + 1) * share, widths[part]))
    ]


def _without_repeats(products: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """The first `width` different products of each row, in order; NOTHING where there are fewer."""
    by_product = np.argsort(products, axis=1, kind="stable")
    ordered = np.take_along_axis(products, by_product, axis=1)
    is_repeated = np.zeros(products.shape, dtype=bool)
    repeats = np.diff(ordered, axis=1) == 0
    np.put_along_axis(is_repeated, by_product[:, 1:], repeats, axis=1)
    dropped = is_repeated | (products == NOTHING)
    order = np.argsort(dropped, axis=1, kind="stable")[:, :width]
    kept = np.where(dropped, NOTHING, products)
    return np.take_along_axis(kept, order, axis=1)


def mixed(rankings: Sequence[Ranking], shares: Sequence[int], width: int) -> Ranking:
    """`shares` products of each ranking in turn, nothing twice; the score is 1 / (DAMPING + rank)."""
    turns = _turns([ranking.products.shape[1] for ranking in rankings], shares)
    side_by_side = np.column_stack([rankings[part].products[:, column] for part, column in turns])
    products = _without_repeats(side_by_side, width)
    scores = (1.0 / (DAMPING + 1 + np.arange(products.shape[1]))).astype(np.float32)
    return Ranking(products, np.where(products == NOTHING, -np.inf, scores).astype(np.float32))
