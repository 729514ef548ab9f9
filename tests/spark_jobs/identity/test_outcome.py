"""Which doubts a person is asked about first."""

from __future__ import annotations

import polars as pl

from spark_jobs.identity import matching
from spark_jobs.identity.matching import Given
from tests.spark_jobs.identity.test_matching import NOTHING, RULES, fresh, model


def test_where_nothing_is_bought_the_least_sure_come_first() -> None:
    queue = fresh()[1].review.sort("rank")
    assert queue.height > 2
    doubt = 0.5 - (queue["probability"] - 0.5).abs()
    assert doubt.round(9).is_sorted(descending=True)


def test_doubts_about_customers_who_buy_most_come_first() -> None:
    rows, once = fresh()
    doubtful = once.review.filter(pl.col("probability").is_between(0.1, 0.9)).sort("rank")
    last = doubtful["record_key_1"][-1]
    bought = pl.DataFrame({"record_key": [last, last], "value": [4e5, 6e5]})
    queue = matching.resolve(rows, NOTHING, Given(RULES, model(), values=bought)).review.sort("rank")
    assert queue["value_at_stake"][0] == 1e6
    assert last in queue.select("record_key_1", "record_key_2").row(0)
    assert queue.filter(pl.col("value_at_stake") == 0)["rank"].min() > 1  # type: ignore[operator]
