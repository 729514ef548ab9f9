from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from models.recommender import ranking
from models.recommender.ranking import NOTHING, best, top_k

FEW_LEVELS = st.sampled_from([-np.inf, 0.0, 0.5, 1.0])


@given(arrays(np.float32, (3, 7), elements=FEW_LEVELS), st.integers(1, 9))
def test_equals_a_full_sort_with_ties_by_product(scores, k):
    found = best(scores, k)
    for row, values in enumerate(scores):
        order = sorted(range(7), key=lambda product: (-values[product], product))
        expected = [product for product in order if values[product] > -np.inf][:k]
        assert found.products[row, : len(expected)].tolist() == expected
        assert (found.products[row, len(expected) :] == NOTHING).all()


@given(arrays(np.float32, (4, 60), elements=st.sampled_from([-np.inf, *np.arange(40.0)])), st.integers(1, 9))
def test_piles_find_what_a_full_sort_finds(scores, k):
    found = best(scores, k)
    for row, values in enumerate(scores):
        order = np.lexsort((np.arange(60), -values))[:k]
        assert found.products[row].tolist() == [p if values[p] > -np.inf else NOTHING for p in order]


def test_piles_are_right_for_many_different_scores():
    scores = np.random.default_rng(3).normal(size=(50, 1003)).astype(np.float32)
    assert best(scores, 10).products.tolist() == np.argsort(-scores, axis=1, kind="stable")[:, :10].tolist()


def test_no_products_give_empty_ranks():
    assert best(np.empty((1, 0), dtype=np.float32), 2).products.tolist() == [[NOTHING, NOTHING]]


def test_hidden_products_are_left_out_in_every_chunk(monkeypatch):
    monkeypatch.setattr(ranking, "CHUNK_CELLS", 3)
    scores = np.array([[3, 2, 1], [3, 2, 1]], dtype=np.float32)
    hidden = sparse.csr_matrix([[1, 0, 0], [0, 1, 0]])
    found = top_k(lambda rows: scores[rows].copy(), (2, 3), 2, hidden)
    assert found.products.tolist() == [[1, 2], [0, 2]]


def test_no_customers_give_no_rows():
    assert top_k(lambda rows: np.empty((0, 3), np.float32), (0, 3), 2).products.shape == (0, 2)
