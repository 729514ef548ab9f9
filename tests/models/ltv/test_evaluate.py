from __future__ import annotations

import polars as pl

from models.ltv.evaluate import baselines


def test_the_rate_of_ninety_days_goes_on_for_the_horizon() -> None:
    rows = pl.DataFrame({"spend_90d": [90.0, 0.0, None]})
    assert baselines(rows, rows, 60)["rate_90d"].tolist() == [60.0, 0.0, 0.0]
