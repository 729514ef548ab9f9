"""The ranker as a whole: it learns from the past, only from the past, and the same each time."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from models.recommender.purchases import Purchases
from models.recommender.ranker import model, table
from models.recommender.ranker.examples import Question, examples
from models.recommender.ranker.proposals import proposer
from tests.models.recommender.shopping import AS_OF, purchases

PARAMS = {
    "hides_bought": False,
    "regularisation": 1.0,
    "proposals": 3,
    "windows": 2,
    "negatives": 1.0,
    "rounds": 20,
    "trees": {"objective": "binary:logistic", "max_depth": 3, "min_child_weight": 1, "nthread": 1},
    "seed": 7,
}
CUTOFF = date(2017, 10, 2)


@pytest.fixture(scope="module")
def shoppers() -> Purchases:
    """Forty customers buy their soap every 60 days and their bread every 20; all of them bought salt once.

    Days are counted back to before the window of the features: nothing tells one cut-off from another.
    """
    rows = []
    for n in range(40):
        rows += [(f"c{n:02}", f"soap{n % 4}", age) for age in range(3 + n % 30, 330, 60)]
        rows += [(f"c{n:02}", f"bread{n % 4}", age) for age in range(1 + n % 20, 330, 20)]
        rows += [(f"c{n:02}", "salt", 290 + n % 10)]
    return purchases(rows)


def made(bought: Purchases, cutoff: date):
    known = bought.before(cutoff)
    propose = proposer(known, table.proposing(known, 1.0), 3, False)
    return examples(bought, known, propose, table.featuriser(known), Question(False, 1.0, 3), 1.0, 7)


def test_features_know_nothing_of_the_cut_off_and_later(shoppers: Purchases):
    as_it_was = made(shoppers, CUTOFF)
    without_future = shoppers.where(shoppers.day < (CUTOFF - date(1970, 1, 1)).days)
    blind = made(without_future, CUTOFF)
    assert as_it_was.bought.any()
    assert not blind.bought.any()
    known = shoppers.before(CUTOFF)
    later = shoppers.before(AS_OF).before(CUTOFF)
    pairs = proposer(known, table.proposing(known, 1.0), 3, False)(slice(0, 40))
    np.testing.assert_array_equal(table.featuriser(known)(pairs), table.featuriser(later)(pairs))


def test_there_is_a_name_for_every_feature(shoppers: Purchases):
    assert made(shoppers, CUTOFF).features.shape[1] == len(table.NAMES) == len(set(table.NAMES))


def test_what_is_due_comes_before_what_was_bought_lately_and_once(shoppers: Purchases):
    score = model.fit(shoppers, **PARAMS)
    given = score(slice(0, 40))
    names = shoppers.products.tolist()
    of_soap = np.array([given[n, names.index(f"soap{n % 4}")] for n in range(40)])
    since_soap = np.array([3 + n % 30 for n in range(40)])
    # Bought every 60 days: within the next 30 only by those who bought it 30 days ago or more.
    assert of_soap[since_soap >= 31].min() > of_soap[since_soap <= 20].max()
    of_bread = np.array([given[n, names.index(f"bread{n % 4}")] for n in range(40)])
    assert (of_bread > given[:, names.index("salt")]).all()


def test_what_was_learned_before_gives_the_same_as_learning_now(shoppers: Purchases):
    trained = model.train(shoppers, **PARAMS)
    assert trained == model.train(shoppers, **PARAMS)
    before, now = (model.fit(shoppers, trained=t, **PARAMS)(slice(0, 40)) for t in (trained, None))
    np.testing.assert_array_equal(before, now)


def test_new_products_only_when_what_was_bought_is_hidden(shoppers: Purchases):
    known = shoppers.before(AS_OF)
    pairs = proposer(known, table.proposing(known, 1.0), 3, True)(slice(0, 40))
    assert not known.bought()[pairs.customer, pairs.product].any()
