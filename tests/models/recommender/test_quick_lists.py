"""The quick ways to a list give what sorting all scores gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from models.recommender.personal_frequency import most_bought
from models.recommender.popularity import most_popular
from models.recommender.ranking import NOTHING, best

FEW_COUNTS = arrays(np.float32, (3, 8), elements=st.sampled_from([0.0, 1.0, 2.0]))


@given(FEW_COUNTS, st.integers(1, 9))
def test_what_is_bought_most(counts, k):
    scores = np.where(counts > 0, counts, -np.inf).astype(np.float32)
    assert most_bought(sparse.csr_matrix(counts), k).tolist() == best(scores, k).products.tolist()


@given(FEW_COUNTS, arrays(np.float32, 8, elements=st.sampled_from([0.0, 1.0, 5.0])), st.integers(1, 9))
def test_what_is_popular_without_what_is_hidden(bought, popularity, k):
    scores = np.where(bought > 0, -np.inf, popularity).astype(np.float32)
    found = most_popular(popularity, k, sparse.csr_matrix(bought))
    assert found.tolist() == best(scores, k).products.tolist()
    assert NOTHING in found or (np.take_along_axis(scores, found, axis=1) > -np.inf).all()
