from __future__ import annotations

import numpy as np
import pyarrow as pa

from alluvium import catalog
from models.recommender import candidates, params, score
from models.recommender.tracking import Champion
from tests.models.recommender.shopping import AS_OF, purchases, two_blocks

CONTESTS = [
    (placement, Champion(placement.name, "ease", {"regularisation": 1}, "3"))
    for placement in params.load_all()
]


def test_candidates_fit_their_table_and_discover_shows_nothing_bought():
    bought = two_blocks()
    rows = score.rank(bought, CONTESTS, params.load_mixes(), score.similar_products(bought))
    assert rows.column_names == list(catalog.ML_RECOMMENDATION_CANDIDATES.columns or ())
    new = rows.filter(pa.compute.equal(rows["placement"], "discover")).to_pylist()
    owned = {
        (bought.customers[c], bought.products[p]) for c, p in zip(*bought.bought().nonzero(), strict=True)
    }
    assert new
    assert not owned & {(row["customer_id"], row["product_id"]) for row in new}


def test_ranks_are_without_gaps_and_scores_fall():
    bought = two_blocks()
    rows = score.rank(bought, CONTESTS, params.load_mixes(), score.similar_products(bought)).to_pylist()
    first = [row for row in rows if row["customer_id"] == "a0" and row["placement"] == "buy_again"]
    assert [row["rank"] for row in first] == list(range(1, len(first) + 1))
    assert [row["score"] for row in first] == sorted((row["score"] for row in first), reverse=True)
    assert {(row["model"], row["model_version"], row["as_of_date"]) for row in first} == {
        ("ease", "3", AS_OF)
    }


def test_who_refused_is_left_out():
    rows = pa.table({"customer_id": ["c", "d"], "rank": [1, 1]})
    assert score.without(rows, pa.table({"customer_id": ["d"]}))["customer_id"].to_pylist() == ["c"]
    assert score.without(rows, pa.table({"customer_id": pa.array([], pa.string())})).num_rows == 2


def test_popular_products_are_ordered_by_buyers_of_late_then_ever_then_id():
    bought = purchases([("c", "w", 40), ("d", "w", 41), ("c", "z", 1), ("c", "x", 40), ("c", "y", 40)])
    found = candidates.popular(bought).to_pydict()
    assert found["product_id"] == ["z", "w", "x", "y"]
    assert found["count_customers"] == [1, 0, 0, 0]
    assert found["rank"] == [1, 2, 3, 4]


def test_similar_products_are_cut_at_k():
    bought = two_blocks()
    near = score.neighbours(bought.bought(), 3, max_products=8, min_together=2)
    found = candidates.similar(bought, near, 2)
    assert found.column_names == list(catalog.ML_SIMILAR_PRODUCT_CANDIDATES.columns or ())
    assert max(found["rank"].to_pylist()) == 2
    assert np.all(np.array(found["score"].to_pylist()) <= 1.0)


def test_a_region_has_its_favourites_when_enough_of_its_customers_buy(monkeypatch):
    monkeypatch.setattr(candidates, "REGION_BUYERS", 2)
    bought = purchases([("c", "p", 1), ("d", "p", 1), ("d", "q", 1), ("e", "q", 1), ("f", "r", 1)])
    homes = pa.table({"customer_id": ["c", "d", "e", "f", "g"], "region": ["OH", "OH", "TX", None, "OH"]})
    found = candidates.popular_nearby(bought, homes)
    assert found.column_names == list(catalog.ML_REGIONAL_PRODUCT_CANDIDATES.columns or ())
    assert [(r["region"], r["rank"], r["product_id"], r["count_customers"]) for r in found.to_pylist()] == [
        ("OH", 1, "p", 2),
        ("OH", 2, "q", 1),
    ]
