from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from models.recommender import params, score
from models.recommender.experiment import Experiment, assigned, split
from models.recommender.ranking import Ranking
from models.recommender.tracking import Champion
from tests.models.recommender.shopping import two_blocks

CUSTOMERS = np.array([f"C{n:05}" for n in range(4_000)])


def test_a_customer_stays_in_its_group_and_groups_have_their_share():
    given = Experiment(name="first", challenger="ease", share=0.25)
    drawn = assigned(given, CUSTOMERS)
    assert np.array_equal(drawn, assigned(given, CUSTOMERS))
    assert drawn.mean() == pytest.approx(0.25, abs=0.025)  # Three and a half standard errors.
    # A larger share keeps who was in it.
    assert not (drawn & ~assigned(given.model_copy(update={"share": 0.5}), CUSTOMERS)).any()


def test_another_name_draws_other_customers_independently():
    first, second = (
        assigned(Experiment(name=name, challenger="ease", share=0.5), CUSTOMERS) for name in "ab"
    )
    assert (first & second).mean() == pytest.approx(0.25, abs=0.025)


def test_each_row_is_of_the_model_that_was_drawn():
    champion, challenger = (
        Ranking(np.array([[n], [n]]), np.array([[n], [n]], dtype=np.float32)) for n in (1, 2)
    )
    assert split(champion, challenger, np.array([False, True])).products.tolist() == [[1], [2]]


def test_the_rows_of_a_night_say_whose_list_a_customer_was_given():
    bought = two_blocks()
    given = Experiment(name="e", challenger="popularity", share=0.5)
    [placement] = [p for p in params.load_all() if p.name == "buy_again"]
    champion = Champion("buy_again", "ease", {"regularisation": 1}, "3")
    contests = [(placement.model_copy(update={"experiment": given}), champion)]
    rows: pa.Table = score.rank(bought, contests, [], score.similar_products(bought))
    said = {(r["customer_id"], r["model"], r["model_version"]) for r in rows.to_pylist()}
    drawn = dict(zip(bought.customers, assigned(given, bought.customers), strict=True))
    assert said == {(c, "popularity", None) if drawn[c] else (c, "ease", "3") for c in bought.customers}


def test_a_challenger_must_race_and_must_not_need_training():
    [placement] = [p for p in params.load_all() if p.name == "buy_again"]
    fields = placement.model_dump() | {"experiment": {"name": "e", "challenger": "ranker", "share": 0.1}}
    with pytest.raises(ValueError, match="for champions only"):
        params.Placement(**fields)
    fields["experiment"]["challenger"] = "nobody"
    with pytest.raises(ValueError, match="not among the models"):
        params.Placement(**fields)
