from __future__ import annotations

import pytest

from models.common.gate import judge
from models.common.params import GateRule

AUC = GateRule(figure="auc", higher_is_better=True, total_within=0.2)
MAE = GateRule(figure="mae", higher_is_better=False, total_within=0.2)


@pytest.mark.parametrize(
    ("challenger", "champion", "rule", "is_promoted"),
    [
        ({"auc": 0.8, "total_bias": 0.0}, None, AUC, True),
        ({"auc": 0.8, "total_bias": 0.0}, {"auc": 0.8}, AUC, True),
        ({"auc": 0.79, "total_bias": 0.0}, {"auc": 0.8}, AUC, False),
        ({"auc": 0.9, "total_bias": -0.3}, {"auc": 0.8}, AUC, False),
        ({"mae": 110.0, "total_bias": 0.1}, {"mae": 120.0}, MAE, True),
        ({"mae": 130.0, "total_bias": 0.1}, {"mae": 120.0}, MAE, False),
    ],
)
def test_only_the_better_or_equal_whose_total_is_right_is_promoted(
    challenger: dict[str, float], champion: dict[str, float] | None, rule: GateRule, is_promoted: bool
) -> None:
    verdict = judge(challenger, champion, rule)
    assert verdict.is_promoted is is_promoted
    assert verdict.reason
