from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import ndcg_score

from models.recommender.evaluate import average_precision, averages, hits, ndcg, per_customer, recall

# One customer; ranks 1 and 3 of 3 are right, four products were relevant.
FOUND = np.array([[True, False, True]])
FOUR = np.array([4])


def test_ndcg_by_hand():
    best = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(FOUND, FOUR)[0] == pytest.approx((1 + 1 / math.log2(4)) / best, abs=1e-9)


def test_the_ideal_list_is_no_longer_than_what_was_relevant():
    assert ndcg(np.array([[True, False, False]]), np.array([1]))[0] == pytest.approx(1.0, abs=1e-9)


def test_recall_by_hand():
    assert recall(FOUND, FOUR)[0] == pytest.approx(0.5, abs=1e-9)


def test_average_precision_by_hand():
    assert average_precision(FOUND, FOUR)[0] == pytest.approx((1 + 2 / 3) / 3, abs=1e-9)


def test_ndcg_agrees_with_scikit_learn():
    draw = np.random.default_rng(7)
    scores = draw.random((50, 30))
    relevant = (draw.random((50, 30)) < 0.2).astype(np.float32)
    relevant[:, 0] = 1.0
    ranked = np.argsort(-scores, axis=1)[:, :10]
    found = hits(ranked, sparse.csr_matrix(relevant))
    ours = ndcg(found, relevant.sum(axis=1).astype(np.int64)).mean()
    assert ours == pytest.approx(ndcg_score(relevant, scores, k=10), abs=1e-9)


def test_an_empty_rank_is_no_hit():
    relevant = sparse.csr_matrix([[0.0, 1.0], [0.0, 1.0]])
    # NOTHING of the second row would be the last product of the first.
    assert hits(np.array([[1], [-1]]), relevant).tolist() == [[True], [False]]


def test_every_measure_at_every_cut_for_those_who_have_something_to_find():
    relevant = sparse.csr_matrix([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    measured = per_customer(np.array([[0, 1, 2], [1, 0, 2]]), relevant)
    assert sorted(measured) == sorted(
        f"{name}_at_{k}" for name in ("ndcg", "recall", "map", "hit_rate") for k in (5, 10, 20)
    )
    best = 1 + 1 / math.log2(3)
    assert measured["ndcg_at_5"].tolist() == [pytest.approx((1 + 1 / math.log2(4)) / best, abs=1e-9)]
    assert measured["recall_at_10"].tolist() == [1.0]
    assert measured["map_at_20"].tolist() == [pytest.approx((1 + 2 / 3) / 2, abs=1e-9)]


def test_nobody_to_ask_gives_no_figure():
    measured = averages(per_customer(np.array([[0]]), sparse.csr_matrix((1, 2))))
    assert set(measured.values()) == {None}
