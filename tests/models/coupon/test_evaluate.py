from __future__ import annotations

import numpy as np
import polars as pl

from models.coupon.evaluate import baselines
from models.coupon.features import outcome


def test_who_redeemed_before_is_expected_to_redeem_again() -> None:
    before = np.tile([0.0, 3.0], 100)
    rows = pl.DataFrame({"redemptions_90d": before, "outcome_redemptions": (before > 0).astype(float)})
    predicted = baselines(rows, rows, 30)
    assert outcome(rows).mean() == 0.5
    assert set(predicted["naive_rate"]) == {0.5}
    assert (predicted["logistic_redeemed"][before > 0] > 0.5).all()
    assert (predicted["logistic_redeemed"][before == 0] < 0.5).all()
