from __future__ import annotations

import polars as pl

from models.ltv.evaluate import baselines


def test_the_rate_of_ninety_days_goes_on_for_the_horizon() -> None:
    rows = pl.DataFrame({"spend_90d": [90.0, 0.0, None], "outcome_spend": [30.0, 0.0, 60.0]})
    found = baselines(rows, rows, 60)
    assert found["rate_90d"].tolist() == [60.0, 0.0, 0.0]
    assert set(found["naive_mean"]) == {30.0}
