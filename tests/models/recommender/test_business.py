from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from models.recommender.business import worth
from models.recommender.ranking import NOTHING

#                    product  0    1    2
SPENT = sparse.csr_matrix([[4.0, 0.0, 2.0], [0.0, 0.0, 1.0], [9.0, 0.0, 0.0]])
BEFORE = sparse.csr_matrix([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])


def test_money_lies_where_what_was_bought_stood_and_who_is_new_is_not_asked():
    lists = np.array([[0, 2], [2, NOTHING], [0, 1]])
    found = worth(lists, SPENT, BEFORE)
    assert found["by_rank"] == [
        {"rank": 1, "bought": 1.0, "spend": 2500.0},
        {"rank": 2, "bought": 0.5, "spend": 1000.0},
    ]
    # 4 of 7 was spent on a product that the customer knew.
    assert found["repeat_share"] == pytest.approx(4 / 7)


def test_without_customers_there_is_nothing_to_tell():
    assert worth(np.array([[0]]), SPENT[:1], BEFORE[2:]) == {"by_rank": [], "repeat_share": None}
