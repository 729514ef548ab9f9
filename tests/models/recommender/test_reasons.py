from __future__ import annotations

import numpy as np

from models.recommender.item_similarity import Neighbours, neighbours
from models.recommender.ranking import NOTHING, Ranking
from models.recommender.reasons import evidence, explain, habits
from tests.models.recommender.shopping import purchases, two_blocks


def test_a_habit_is_days_bought_and_the_mean_gap_between_them():
    bought = purchases([("c", "p", 1), ("c", "p", 11), ("c", "p", 22), ("c", "q", 5), ("d", "p", 3)])
    count_days, gap_days = habits(bought, np.array([[0, 1], [0, 1]]))
    assert count_days.tolist() == [[3, 1], [1, 0]]
    assert gap_days.tolist() == [[10, 0], [0, 0]]


def test_evidence_is_the_nearest_product_that_the_customer_bought():
    bought = purchases([("c", "p", 1), ("c", "q", 1), ("d", "r", 1)])
    near = Neighbours(np.array([2]), Ranking(np.array([[1, 0]]), np.array([[0.9, 0.5]])))
    pairs = np.array([0, 1, 0]), np.array([2, 2, 1])
    assert evidence(bought.bought(), *pairs, near).tolist() == [1, NOTHING, NOTHING]


def test_reasons_of_a_ranking():
    bought = two_blocks()
    similar = neighbours(bought.bought(), 4, max_products=8, min_together=2)
    # a0 left a0 out, bought a1 once, and has nothing to do with b1.
    products = np.array([[0, 1, 5]] + [[NOTHING] * 3] * 11)
    why = explain(bought, products, similar)
    assert why.codes[0].tolist() == ["goes_with", "bought_before", "similar_customers"]
    assert why.evidence[0, 0] in {1, 2, 3}
    assert why.evidence[0, 1:].tolist() == [NOTHING, NOTHING]


def test_a_rhythm_is_told_from_three_days_on():
    bought = purchases([("c", "p", 1), ("c", "p", 8), ("c", "p", 15), ("c", "q", 1), ("c", "q", 8)])
    nothing = Neighbours(np.empty(0, np.int64), Ranking.stacked([], 2))
    why = explain(bought, np.array([[0, 1]]), nothing)
    assert why.codes[0].tolist() == ["bought_regularly", "bought_before"]
    assert why.interval_days[0].tolist() == [7, 0]
