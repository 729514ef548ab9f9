from __future__ import annotations

import numpy as np

from models.recommender.mixing import mixed
from models.recommender.ranking import NOTHING, Ranking


def ranking(*rows: list[int]) -> Ranking:
    products = np.array(rows)
    return Ranking(products, np.where(products == NOTHING, -np.inf, 1.0).astype(np.float32))


def test_two_of_the_first_and_one_of_the_second_in_turn():
    again, new = ranking([1, 2, 3, 4]), ranking([5, 6, 7, 8])
    assert mixed([again, new], [2, 1], 7).products.tolist() == [[1, 2, 5, 3, 4, 6, 7]]


def test_nothing_is_shown_twice_and_gaps_close():
    again, new = ranking([1, 2, NOTHING], [3, 4, 5]), ranking([2, 1, 9], [6, NOTHING, NOTHING])
    found = mixed([again, new], [1, 1], 4)
    assert found.products.tolist() == [[1, 2, 9, NOTHING], [3, 6, 4, 5]]
    assert (np.diff(found.scores[1]) < 0).all()
    assert found.scores[0, 3] == -np.inf
