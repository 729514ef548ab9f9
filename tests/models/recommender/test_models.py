"""The contract of every model: right where the answer is known, calm where there is nothing to know."""

from __future__ import annotations

import numpy as np
import pytest

from models.recommender import ease, params, scores
from models.recommender.item_similarity import neighbours
from models.recommender.ranking import top_k
from tests.models.recommender.shopping import purchases, two_blocks

LEARNS_FROM_OTHERS = [
    "item_similarity",
    "ease",
    "implicit_als",
    "frequency_with_ease",
    "rank_fusion",
    "ranker",
]
KNOWS_THE_CUSTOMER = ["personal_frequency", "frequency_with_ease"]
SMALL = {
    "popularity": {"window_days": 28},
    "personal_frequency": {"half_life_days": 90},
    "item_similarity": {},
    "ease": {"regularisation": 1},
    "implicit_als": {"factors": 2, "regularisation": 0.1, "confidence": 10, "iterations": 20, "seed": 7},
    "frequency_with_ease": {"half_life_days": 90, "regularisation": 1, "ease_weight": 3},
    "rank_fusion": {
        "voters": {"ease": {"regularisation": 1}, "item_similarity": {}},
        "weights": {"ease": 1, "item_similarity": 1},
        "hides_bought": True,
    },
    "ranker": {
        "hides_bought": True,
        "regularisation": 1,
        "proposals": 4,
        "windows": 1,
        "negatives": 1,
        "rounds": 2,
        "trees": {"objective": "rank:ndcg"},
        "seed": 7,
    },
}


@pytest.fixture(params=sorted(params.FIT))
def model(request):
    return request.param


@pytest.mark.parametrize("model", LEARNS_FROM_OTHERS)
def test_what_a_customer_left_out_of_the_block_comes_first(model):
    bought = two_blocks()
    found = top_k(params.fit(model, SMALL[model], bought), bought.shape, 1, bought.bought())
    missing = [f"{customer[0]}{int(customer[1]) % 4}" for customer in bought.customers]
    assert bought.products[found.products[:, 0]].tolist() == missing


@pytest.mark.parametrize("model", KNOWS_THE_CUSTOMER)
def test_what_a_customer_buys_comes_before_what_others_buy(model):
    bought = two_blocks(count_days=4)
    found = top_k(params.fit(model, SMALL[model], bought), bought.shape, 3)
    own = [sorted(bought.products[row]) for row in bought.bought().toarray().astype(bool)]
    assert [sorted(bought.products[row]) for row in found.products] == own


def test_a_single_customer_is_served(model):
    bought = purchases([("c", "p", 1), ("c", "q", 2)])
    found = top_k(params.fit(model, SMALL[model], bought), bought.shape, 2)
    assert sorted(found.products[0].tolist()) == [0, 1]


def test_a_customer_without_history_and_a_new_product_get_finite_scores(model):
    bought = purchases([("c", "p", 40), ("d", "p", 40), ("e", "new", 1)]).before(
        two_blocks().as_of_date.replace(month=10)
    )
    given = params.fit(model, SMALL[model], bought)(slice(0, 3))
    assert given.shape == (3, 2)
    assert np.isfinite(given).all()


def test_no_purchases_at_all_give_no_rows(model):
    nothing = purchases([])
    assert top_k(params.fit(model, SMALL[model], nothing), nothing.shape, 3).products.shape == (0, 3)


def test_the_same_purchases_give_the_same_lists(model):
    bought = two_blocks()
    first, second = (top_k(params.fit(model, SMALL[model], bought), bought.shape, 5) for _ in range(2))
    assert np.array_equal(first.products, second.products)
    assert np.array_equal(first.scores, second.scores)


def test_ease_equals_the_paper():
    bought = two_blocks()
    matrix = bought.bought().toarray().astype(float)
    inverse = np.linalg.inv(matrix.T @ matrix + 3.0 * np.eye(matrix.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    ours = ease.fit(bought, regularisation=3.0)(slice(0, len(matrix)))
    np.testing.assert_allclose(ours, matrix @ weights, atol=1e-5)


@pytest.mark.parametrize("model", ["ease", "item_similarity"])
def test_beyond_the_limit_everybody_is_compared_with_a_sample(model, monkeypatch):
    bought = two_blocks()
    monkeypatch.setattr(scores, "MAX_CUSTOMERS", 8)
    given = params.FIT[model](two_blocks(), **SMALL[model])
    found = top_k(given, bought.shape, 1, bought.bought())
    missing = [f"{customer[0]}{int(customer[1]) % 4}" for customer in bought.customers]
    assert bought.products[found.products[:, 0]].tolist() == missing


def test_a_sample_of_all_gives_what_all_give(monkeypatch):
    inside = ease.fit(two_blocks(), regularisation=3.0)(slice(0, 12))
    monkeypatch.setattr(ease, "to_compare", lambda bought: bought.copy())
    outside = ease.fit(two_blocks(), regularisation=3.0)(slice(0, 12))
    np.testing.assert_allclose(inside, outside, atol=1e-5)


def test_neighbours_are_bought_by_the_same_customers():
    bought = two_blocks()
    found = neighbours(bought.bought(), 4, max_products=8, min_together=2)
    for product, near in zip(found.products, found.ranking.products, strict=True):
        own = bought.products[product][0]
        assert {bought.products[other][0] for other in near if other >= 0} == {own}
        assert product not in near


def test_a_product_with_few_buyers_is_nobodys_neighbour():
    bought = purchases([("c", "p", 1), ("c", "q", 1), ("d", "p", 1)])
    assert neighbours(bought.bought(), 2, max_products=1, min_together=1).products.tolist() == [0]
    assert neighbours(bought.bought(), 2, max_products=9, min_together=2).products.tolist() == [0]
    assert neighbours(bought.bought(), 2, max_products=9, min_together=3).products.tolist() == []
