from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pytest
import yaml

from models.churn.train import TASK as CHURN
from models.common import candidate, params, tuning
from models.common.candidate import TooLittleError, Work
from models.common.cutoffs import outcome_end
from models.common.training_sets import TrainingSet
from models.common.tuning import Search, Trial

Shoppers = Callable[..., TrainingSet]
DAY = date(2025, 6, 1)


@pytest.fixture(scope="module")
def prepared(shoppers: Shoppers) -> tuple[Work, list[date]]:
    work, cut, _ = candidate.prepared(shoppers(), CHURN, params.load("churn"), 30)
    return work, list(cut.known)


def _trial(losses: list[float], leaves: int) -> Trial:
    return Trial({}, np.array(losses), (float(np.mean(losses)),), (0.8,), leaves)


def test_the_simplest_within_one_standard_error_of_the_best_is_chosen() -> None:
    best = _trial([0.10, 0.20, 0.30, 0.40], 900)
    near = _trial([0.12, 0.19, 0.31, 0.39], 100)  # +0.0025 on average, error 0.0066
    simple_but_worse = _trial([0.15, 0.25, 0.35, 0.46], 10)
    search = Search([best, near, simple_but_worse], (DAY,), np.arange(4), {})
    assert search.best is best
    assert search.chosen is near


def test_the_error_counts_customers_not_rows() -> None:
    best, other = _trial([0.1, 0.1, 0.5, 0.5], 1), _trial([0.2, 0.2, 0.4, 0.5], 1)
    _, of_four = Search([best, other], (DAY,), np.array([0, 1, 2, 3]), {}).excess(other)
    _, of_two = Search([best, other], (DAY,), np.array([0, 0, 1, 1]), {}).excess(other)
    differences = np.array([0.1, 0.1, -0.1, 0.0]) - 0.025
    assert of_four == pytest.approx(np.sqrt((differences**2).sum()) / 4)
    assert of_two == pytest.approx(np.sqrt(0.15**2 + 0.15**2) / 4)


def test_folds_learn_from_what_was_over_and_never_touch_the_reported_cutoff(
    prepared: tuple[Work, list[date]],
) -> None:
    work, known = prepared
    folds = tuning.folds(work, known)
    assert [fold.split.evaluation for fold in folds] == known[2:]
    assert date(2025, 9, 1) not in known  # what training reports on
    for fold in folds:
        assert all(outcome_end(day, 30) <= fold.split.evaluation for day in fold.split.known)


def test_a_search_begins_with_todays_values_and_is_the_same_twice(
    prepared: tuple[Work, list[date]],
) -> None:
    work, known = prepared
    one, two = (tuning.search(work, known[:4], work.params, trials=2) for _ in range(2))
    assert one.trials[0].parameters == work.params.xgboost
    assert [t.parameters for t in one.trials] == [t.parameters for t in two.trials]
    assert [t.loss for t in one.trials] == [t.loss for t in two.trials]
    assert len(one.trials) == 3
    assert len({t.parameters["eta"] for t in one.trials}) == 3
    assert all(0.01 <= t.parameters["eta"] <= 0.1 for t in one.trials)
    assert set(one.baselines) == {"naive_rate", "recency", "logistic_rfm"}
    assert len(one.customer) == len(one.trials[0].losses)


def test_no_trial_begins_after_the_time_is_over(prepared: tuple[Work, list[date]]) -> None:
    work, known = prepared
    assert len(tuning.search(work, known[:4], work.params, trials=5, seconds=0.01).trials) == 1


def test_too_few_cutoffs_are_said(prepared: tuple[Work, list[date]]) -> None:
    work, known = prepared
    with pytest.raises(TooLittleError, match="of 2 cut-offs none has two earlier ones"):
        tuning.search(work, known[:2], work.params, trials=1)


@pytest.mark.parametrize("model", ["churn", "ltv", "coupon"])
def test_new_values_are_written_into_their_section_alone(model: str) -> None:
    before = params.file_of(model).read_text(encoding="utf-8")
    after = params.with_values(before, {"eta": 0.05, "max_depth": 2})
    old, new = yaml.safe_load(before), yaml.safe_load(after)
    assert new["xgboost"] == old["xgboost"] | {"eta": 0.05, "max_depth": 2}
    assert {k: v for k, v in new.items() if k != "xgboost"} == {
        k: v for k, v in old.items() if k != "xgboost"
    }
    assert after.count("#") == before.count("#")
