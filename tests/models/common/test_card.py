from __future__ import annotations

from collections.abc import Callable

from models.common import candidate, card, params
from models.common.training_sets import TrainingSet
from models.ltv.train import TASK


def test_a_card_says_what_was_measured_beside_what_and_on_whom(shoppers: Callable[..., TrainingSet]) -> None:
    made = candidate.make(shoppers(), TASK, params.load("ltv"), 60)
    found = made.evaluation | {"version": "3", "run_date": "2025-09-30", "horizon_days": 60}
    page = card.page(TASK, params.load("ltv"), found)
    assert page.startswith("# ltv: 60 days\n")
    assert f"{found['figures']['mae']:.4g}" in page
    assert "| rate_90d |" in page
    assert f"Measured on {found['count_customers']:,} customers as of {found['evaluated_on']}" in page
    assert f"it gains {found['gain']['gain']:+.4g} in mae" in page
    assert f"held {found['interval']['covered']:.0%}" in page
    assert "| orders in 90 days | 1 to 2 |" in page
    assert "365 days are extrapolated" in page
