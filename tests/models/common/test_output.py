from __future__ import annotations

import polars as pl

from models.common.output import deciles


def test_tenths_are_as_equal_as_can_be_and_ties_go_by_customer_id() -> None:
    scores = pl.DataFrame(
        {
            "customer_id": [f"C{i:02d}" for i in range(23)] + ["P1"],
            "horizon_days": [30] * 24,
            "prediction": [0.5] * 23 + [0.9],
            "scored_for": ["model"] * 23 + ["prior"],
        }
    )
    found = deciles(scores.to_arrow()).to_pylist()
    assert [found.count(tenth) for tenth in range(1, 11)] == [3, 3, 3, 2, 2, 2, 2, 2, 2, 2]
    assert found[:3] == [1, 1, 1]
    assert found[-1] is None
