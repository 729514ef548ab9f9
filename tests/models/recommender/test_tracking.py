from __future__ import annotations

from datetime import date

import pytest

from alluvium.errors import AlluviumError
from models.common import registry
from models.recommender import params, tracking
from models.recommender.race import race
from tests.models.recommender.shopping import two_blocks

RUN_DATE = date(2017, 10, 31)


def test_a_race_is_logged_and_its_winners_are_found_again(settings):
    assert tracking.race_results(settings) == {}
    with pytest.raises(AlluviumError, match=r"recommender\.train"):
        tracking.champion("discover", settings)

    results = race(two_blocks(), params.load_all())
    assert tracking.log_race(results, RUN_DATE, settings, {"rows": "36"}) == {
        "buy_again": "1",
        "discover": "1",
    }

    crowned = tracking.champion("discover", settings)
    placement = next(p for p in params.load_all() if p.name == "discover")
    assert (crowned.model, crowned.version) == ("popularity", "1")
    assert crowned.params == placement.models["popularity"]
    assert tracking.race_results(settings) == {"run_date": "2017-10-31", **results}

    # The next race crowns a new version, and the one before can come back.
    learned = {"discover": b"trees"}
    assert tracking.log_race(results, RUN_DATE, settings, {}, learned)["discover"] == "2"
    assert tracking.champion("discover", settings).trained == b"trees"
    assert tracking.champion("buy_again", settings).trained is None
    assert tracking.incumbents(settings) == {"buy_again": "popularity", "discover": "popularity"}
    assert registry.rollback(settings, tracking.registered_name("discover")) == "1"
    assert tracking.champion("discover", settings).version == "1"
