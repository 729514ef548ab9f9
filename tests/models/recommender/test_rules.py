from __future__ import annotations

import numpy as np

from models.recommender.purchases import LEVELS, Catalogue
from models.recommender.ranking import NOTHING, Ranking
from models.recommender.rules import Rules, apply

#            product  0  1  2  3  4
TYPES = np.array([1, 1, 1, 2, 3])
CATEGORIES = np.array([1, 1, 1, 1, 2])
GROUPS = {level: np.zeros(5, dtype=np.int64) for level in LEVELS}
CATALOGUE = Catalogue(GROUPS | {"product_type": TYPES, "product_category": CATEGORIES})
RANKING = Ranking(np.array([[0, 1, 2, 3, 4]]), np.array([[5, 4, 3, 2, 1]], dtype=np.float32))


def order(rules: Rules, ranking: Ranking = RANKING) -> list[int]:
    return apply(ranking, CATALOGUE, rules).products[0].tolist()


def test_no_rules_change_nothing():
    assert apply(RANKING, CATALOGUE, Rules()) is RANKING


def test_a_cap_puts_what_is_too_much_last_in_its_order():
    assert order(Rules(most_of_type=1)) == [0, 3, 4, 1, 2]
    assert order(Rules(most_of_category=2)) == [0, 1, 4, 2, 3]


def test_variety_alone_prefers_what_is_unlike_the_ones_above():
    assert order(Rules(variety=0.5)) == [0, 4, 3, 1, 2]


def test_scores_go_with_their_products():
    assert apply(RANKING, CATALOGUE, Rules(most_of_type=1)).scores[0].tolist() == [5, 2, 1, 4, 3]


def test_missing_ranks_stay_last():
    short = Ranking(np.array([[0, 1, 3, NOTHING]]), np.array([[3, 2, 1, -np.inf]], dtype=np.float32))
    assert order(Rules(most_of_type=1), short) == [0, 3, 1, NOTHING]
