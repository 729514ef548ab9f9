from __future__ import annotations

from datetime import date

import numpy as np

from tests.models.recommender.shopping import purchases


def test_several_rows_of_one_day_count_once():
    bought = purchases([("c", "p", 1), ("c", "p", 1), ("c", "p", 8)])
    assert bought.weighted().toarray().tolist() == [[2.0]]


def test_a_purchase_counts_half_after_its_half_life():
    bought = purchases([("c", "p", 10), ("c", "q", 20)])
    assert bought.weighted(half_life_days=10).toarray().tolist() == [[0.5, 0.25]]


def test_the_as_of_date_itself_is_not_seen():
    assert purchases([("c", "p", 0)]).bought().nnz == 0


def test_an_earlier_view_holds_no_later_purchase_and_keeps_the_indices():
    bought = purchases([("c", "p", 1), ("c", "q", 40)])
    earlier = bought.before(date(2017, 10, 1))
    assert earlier.products.tolist() == ["p", "q"]
    assert earlier.bought().toarray().tolist() == [[0.0, 1.0]]
    assert earlier.age_days.tolist() == [9]


def test_buyers_are_counted_within_the_window():
    bought = purchases([("c", "p", 28), ("d", "p", 29), ("d", "q", 1), ("d", "q", 2)])
    assert bought.count_buyers(28).tolist() == [1.0, 1.0]


def test_ids_are_numbered_in_ascending_order():
    bought = purchases([("c2", "9", 1), ("c1", "10", 1)])
    assert bought.customers.tolist() == ["c1", "c2"]
    assert bought.products.tolist() == ["10", "9"]
    assert np.array_equal(bought.bought().toarray(), [[1, 0], [0, 1]])
