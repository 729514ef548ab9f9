from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from alluvium.errors import AlluviumError
from models.churn.train import TASK as CHURN
from models.common import candidate, params
from models.common.boosting import from_bytes, predict
from models.common.candidate import Candidate
from models.common.features import matrix
from models.common.training_sets import TrainingSet
from models.ltv.train import TASK as LTV

Shoppers = Callable[..., TrainingSet]


@pytest.fixture(scope="module")
def made(shoppers: Shoppers) -> Candidate:
    return candidate.make(shoppers(), CHURN, params.load("churn"), 30)


def test_a_known_signal_is_found_and_measured_beside_the_baselines(made: Candidate) -> None:
    assert made.evaluation["figures"]["auc"] > 0.7
    assert set(made.evaluation["baselines"]) == {"naive_rate", "recency", "logistic_rfm"}
    assert made.evaluation["evaluated_on"] == "2025-09-01"
    assert made.suspicious == {}
    assert "chance" not in [row["feature"] for row in made.evaluation["importance"][:2]]


def test_the_same_rows_give_the_same_model_to_the_byte(made: Candidate, shoppers: Shoppers) -> None:
    again = candidate.make(shoppers(), CHURN, params.load("churn"), 30)
    assert (again.content, again.evaluated) == (made.content, made.evaluated)
    assert again.evaluation == made.evaluation


def test_the_measured_model_has_not_seen_the_held_out_outcomes_and_the_scoring_one_has(
    made: Candidate,
) -> None:
    _, measured = from_bytes(made.evaluated)
    _, scoring = from_bytes(made.content)
    assert measured.labels_end <= made.held_out["as_of_date"][0] < scoring.labels_end
    assert scoring.features == made.features
    assert 0.9 < scoring.priors["no_history"] <= 1.0  # who never bought goes on not to buy


def test_nothing_is_learned_when_the_outcome_is_shuffled(shoppers: Shoppers) -> None:
    data = shoppers(count=4000)
    shuffled = np.random.default_rng(11).permutation(data.frame["outcome_orders"].to_numpy())
    frame = data.frame.with_columns(outcome_orders=shuffled)
    made = candidate.make(replace(data, frame=frame), CHURN, params.load("churn"), 30)
    assert made.evaluation["figures"]["auc"] == pytest.approx(0.5, abs=0.03)


def test_a_planted_future_column_is_left_out_and_named(shoppers: Shoppers) -> None:
    data = shoppers()
    frame = data.frame.with_columns(spend_next_month=pl.col("outcome_spend") * 1.1)
    planted = replace(data, frame=frame, features=(*data.features, "spend_next_month"))
    for task in (CHURN, LTV):
        made = candidate.make(planted, task, params.load(task.name), 30)
        assert list(made.suspicious) == ["spend_next_month"]
        assert "spend_next_month" not in made.features


def test_spend_is_predicted_with_a_total_that_is_right(shoppers: Shoppers) -> None:
    made = candidate.make(shoppers(), LTV, params.load("ltv"), 30)
    assert abs(made.evaluation["figures"]["total_bias"]) < 0.25
    assert made.evaluation["figures"]["spearman"] > 0.4
    booster, manifest = from_bytes(made.content)
    assert (predict(booster, matrix(made.held_out, manifest.features)) >= 0).all()


def test_too_little_data_makes_no_model_and_says_the_counts(shoppers: Shoppers) -> None:
    with pytest.raises(AlluviumError, match=r"Too little to train churn on: \d+ rows with \d+ of the rarer"):
        candidate.make(shoppers(count=15), CHURN, params.load("churn"), 30)
    data = shoppers()
    one = replace(data, frame=data.frame.filter(pl.col("as_of_date") == data.cutoffs[0]))
    with pytest.raises(AlluviumError, match="two cut-offs 30 days apart"):
        candidate.make(one, CHURN, params.load("churn"), 30)
    with pytest.raises(AlluviumError, match="0 rows"):
        candidate.make(replace(data, frame=data.frame.clear()), CHURN, params.load("churn"), 30)
