from __future__ import annotations

import numpy as np
import pytest

from models.churn.train import TASK as CHURN
from models.common.evaluation import paired_gain
from models.common.gate import judge
from models.common.params import GateRule
from models.ltv.train import TASK as LTV

RULE = GateRule(figure="auc", total_within=0.2)


def gain(value: float) -> dict[str, float]:
    return {"gain": value, "low": value - 0.01, "high": value + 0.01}


@pytest.mark.parametrize(
    ("total_bias", "champion", "difference", "is_promoted"),
    [
        (0.0, None, None, True),
        (0.0, {"auc": 0.8}, gain(0.0), True),
        (0.0, {"auc": 0.8}, gain(-0.001), False),
        (-0.3, {"auc": 0.8}, gain(0.05), False),
        (0.1, {"auc": 0.8}, gain(0.05), True),
    ],
)
def test_only_the_better_or_equal_whose_total_is_right_is_promoted(
    total_bias: float,
    champion: dict[str, float] | None,
    difference: dict[str, float] | None,
    is_promoted: bool,
) -> None:
    verdict = judge({"auc": 0.81, "total_bias": total_bias}, champion, difference, RULE)
    assert verdict.is_promoted is is_promoted
    assert verdict.reason


def test_the_paired_gain_points_up_for_the_better_one_whichever_way_the_figure_points() -> None:
    rng = np.random.default_rng(4)
    spend = rng.gamma(2, 50, 600)
    near, far = spend + rng.normal(0, 5, 600), spend + rng.normal(0, 40, 600)
    found = paired_gain(LTV, spend, near, far)
    assert 0 < found["low"] < found["gain"] < found["high"]
    assert paired_gain(LTV, spend, far, near)["high"] < 0
    churned = (rng.uniform(size=600) < 0.3).astype(float)
    good, noise = churned + rng.normal(0, 0.5, 600), rng.normal(size=600)
    assert paired_gain(CHURN, churned, good, noise)["low"] > 0
    assert paired_gain(CHURN, churned, good, good) == {"gain": 0.0, "low": 0.0, "high": 0.0}
