from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from models.churn.train import TASK
from models.common import candidate, params
from models.common.boosting import from_bytes, predict
from models.common.features import matrix
from models.common.prediction import SCORED, Champion, Telling, needed, score_batches
from models.common.training_sets import TrainingSet


@pytest.fixture(scope="module")
def champion(shoppers: Callable[..., TrainingSet]) -> Champion:
    content = candidate.make(shoppers(), TASK, params.load("churn"), 30).content
    return Champion("7", content, from_bytes(content)[1])


def test_batches_give_what_one_matrix_gives_whatever_the_order_of_columns(
    champion: Champion, shoppers: Callable[..., TrainingSet]
) -> None:
    rows = shoppers().frame.filter(pl.col("orders_90d") > 0).with_columns(is_profiling_allowed=True)
    asked = rows.select(*reversed(needed([champion])), "customer_id", "is_profiling_allowed")
    batches = asked.to_arrow().to_batches(max_chunksize=50)
    found = pa.Table.from_batches(score_batches(iter(batches), [champion], Telling(6)), SCORED)
    assert found["customer_id"].to_pylist() == rows["customer_id"].to_list()
    booster, manifest = from_bytes(champion.content)
    expected = predict(booster, matrix(rows, manifest.features)).round(6)
    np.testing.assert_array_equal(found["prediction"].to_numpy(), expected)


def test_whoever_the_model_cannot_speak_of_gets_the_prior_of_the_first_reason_that_holds(
    champion: Champion,
) -> None:
    features = {name: [1.0] * 4 for name in needed([champion])}
    states = pl.DataFrame(features).with_columns(
        customer_id=pl.Series(["model", "lapsed", "no_history", "no_consent"]),
        is_profiling_allowed=pl.Series([True, True, True, None]),
        orders_90d=pl.Series([2.0, 0.0, None, None]),
        days_since_last_order=pl.Series([3.0, 120.0, None, None]),
    )
    found = pa.Table.from_batches(
        score_batches(iter(states.to_arrow().to_batches()), [champion], Telling(6)), SCORED
    )
    rows = {row["customer_id"]: row for row in found.to_pylist()}
    assert rows["model"]["scored_for"] == "model"
    assert rows["model"]["reason_code"] is None
    for reason in ("lapsed", "no_history", "no_consent"):
        assert rows[reason]["reason_code"] == reason
        assert rows[reason]["prediction"] == champion.manifest.priors[reason]
    assert {(row["horizon_days"], row["model_version"]) for row in rows.values()} == {(30, "7")}


def test_the_strongest_reasons_stand_in_words_and_their_shares_add_up_to_the_score(
    champion: Champion, shoppers: Callable[..., TrainingSet]
) -> None:
    rows = shoppers().frame.filter(pl.col("orders_90d") > 0).with_columns(is_profiling_allowed=True).head(40)
    found = pa.Table.from_batches(
        score_batches(iter(rows.to_arrow().to_batches()), [champion], Telling(6)), SCORED
    )
    for said, row in zip(found["reasons"].to_pylist(), rows.iter_rows(named=True), strict=True):
        assert 1 <= len(said) <= 3
        assert all(each.endswith(("(raises it)", "(lowers it)")) for each in said)
        orders = [each for each in said if each.startswith("Orders in the last 90 days: ")]
        assert orders == [
            f"Orders in the last 90 days: {row['orders_90d']:.4g}{each[each.index(' (') :]}"
            for each in orders
        ]
    assert set(found["reasons_kind"].to_pylist()) == {"exact"}


def test_the_interval_lies_around_the_prediction_and_within_zero_and_one(
    champion: Champion, shoppers: Callable[..., TrainingSet]
) -> None:
    rows = shoppers().frame.filter(pl.col("orders_90d") > 0).with_columns(is_profiling_allowed=True)
    telling = Telling(6, highest=1.0)
    found = pl.from_arrow(
        pa.Table.from_batches(score_batches(iter(rows.to_arrow().to_batches()), [champion], telling), SCORED)
    )
    assert found.select(
        (
            pl.col("low").is_between(0, pl.col("prediction"))
            & pl.col("high").is_between(pl.col("prediction"), 1)
        ).all()
    ).item()
    assert (found["high"] - found["low"]).min() > 0.001


def test_bytes_that_are_no_booster_of_ours_are_refused() -> None:
    with pytest.raises(ValueError, match="not a booster"):
        from_bytes(b"\x80\x04a pickle")
