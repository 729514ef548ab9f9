from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from models.recommender import exploration
from models.recommender.exploration import Exploration, drawn_ranks, nearest_of_kind, new_products, tried
from models.recommender.purchases import LEVELS, Catalogue, Purchases
from models.recommender.ranking import NOTHING
from tests.models.recommender.shopping import purchases

ONE = Exploration(share=0.05)


def shop() -> Purchases:
    """Tea drinkers t00.., a coffee drinker, and two new teas, a new coffee, and a new thing of no kind."""
    rows = [(f"t{n:02}", "tea", age) for n in range(40) for age in (3, 100)]
    rows += [("t99", "tea new a", 5), ("t99", "tea new b", 5), ("t99", "coffee new", 5), ("t99", "thing", 5)]
    rows += [("c", "coffee", 10)]
    made = purchases(rows)
    kinds = [{"t": 1, "c": 2}[name[0]] if name != "thing" else 0 for name in made.products]
    groups = {level: np.array(kinds) for level in LEVELS}
    return replace(made, catalogue=Catalogue(groups))


def test_new_is_what_was_first_sold_of_late():
    bought = shop()
    assert set(bought.products[new_products(bought, 28)]) == {
        "coffee", "coffee new", "tea new a", "tea new b", "thing",
    }  # fmt: skip
    assert new_products(bought, 4).tolist() == []


def test_in_a_new_shop_nothing_is_new():
    assert new_products(purchases([("c", "p", 5), ("d", "q", 60)]), 28).tolist() == []


def test_everybody_tries_something_new_of_a_kind_that_they_buy():
    bought = shop()
    found = tried(bought, ONE)
    chosen = dict(zip(bought.customers, found.products[:, 0], strict=True))
    drawn = Counter(bought.products[chosen[f"t{n:02}"]] for n in range(40))
    assert set(drawn) == {"tea new a", "tea new b"}  # both, so that both are learned of
    assert bought.products[chosen["c"]] == "coffee new"
    assert chosen["t99"] == bought.products.tolist().index("coffee")  # not what was bought
    assert np.array_equal(found.products, tried(bought, ONE).products)


def test_places_lie_in_the_lower_half_and_differ():
    ranks = drawn_ranks(shop(), Exploration(share=0.15)) - exploration.BEYOND
    assert ranks.shape[1] == 3
    assert (np.diff(ranks, axis=1) > 0).all()
    assert set(ranks.ravel()) == set(range(11, 21))


def test_the_evidence_is_what_is_bought_most_of_the_kind():
    bought = shop()
    index = bought.products.tolist().index
    shown = np.full((len(bought.customers), 1), index("tea new a"))
    shown[0] = NOTHING
    near = nearest_of_kind(bought, shown)[:, 0]
    assert near[0] == NOTHING  # the coffee drinker is first, and shown nothing
    assert near[1] == index("tea")


def test_without_purchases_nothing_is_tried():
    assert tried(purchases([]), ONE).products.shape == (0, 1)
