from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from models.common import base_rate, boosting
from models.common.boosting import Manifest
from models.common.prediction import Champion, Telling, for_tonight, score_batches

MONTHS = [date(2025, month, 1) for month in (3, 4, 5, 6)]
RUNNING = [0.09, 0.19, 0.39, 0.79]
CUSTOMERS = 1000


def windows() -> tuple[pl.DataFrame, np.ndarray]:
    """A tenth of the customers redeem for each campaign that runs: the rate is 0.1 (mean + 0.01)."""
    parts, outcome = [], []
    for month, mean in zip(MONTHS, RUNNING, strict=True):
        running = np.arange(CUSTOMERS) < mean * CUSTOMERS
        parts.append(pl.DataFrame({"as_of_date": [month] * CUSTOMERS, "running": running.astype(float)}))
        outcome.append((np.arange(CUSTOMERS) < 100 * (mean + 0.01)).astype(float))
    return pl.concat(parts), np.concatenate(outcome)


def test_the_rate_goes_with_the_calendar_and_never_beyond_what_was_seen():
    known = base_rate.fit(*windows(), "running")
    assert known is not None
    assert known["slope"] == pytest.approx(1.0, abs=1e-6)
    assert base_rate.expected(known, 0.29) == pytest.approx(0.03, abs=1e-6)
    assert base_rate.expected(known, 0.0) == pytest.approx(0.01)
    assert base_rate.expected(known, 5.0) == pytest.approx(0.08)


def test_without_the_feature_or_enough_windows_there_is_none():
    rows, outcome = windows()
    assert base_rate.fit(rows, outcome, None) is None
    assert base_rate.fit(rows, outcome, "age") is None
    assert base_rate.fit(rows[: 3 * CUSTOMERS], outcome[: 3 * CUSTOMERS], "running") is None


def champion() -> Champion:
    values, outcome = np.random.default_rng(1).normal(size=(500, 2)).astype(np.float32), np.arange(500) % 2
    booster = boosting.fit({"objective": "binary:logistic"}, 5, values, outcome.astype(float))
    known = base_rate.fit(*windows(), "running")
    manifest = Manifest(
        "coupon", 30, 90, ("orders_90d", "days_since_last_order"), date(2025, 7, 1), {}, base_rate=known
    )
    return Champion("1", boosting.to_bytes(booster, manifest), manifest)


def test_a_night_is_scored_with_the_rate_of_its_calendar_and_in_the_same_order():
    rng = np.random.default_rng(2)
    rows = pa.table(
        {
            "customer_id": [f"C{n}" for n in range(400)],
            "is_profiling_allowed": [True] * 400,
            "orders_90d": rng.poisson(3, 400) + 1.0,
            "days_since_last_order": rng.uniform(1, 60, 400),
            "running": np.full(400, 0.29),
        }
    )
    plain = champion()
    assert plain.manifest.base_rate
    bare = replace(plain, manifest=replace(plain.manifest, base_rate=None))
    scored, unmoved = (
        next(score_batches(iter(rows.to_batches()), made, Telling(9))).column("prediction").to_numpy()
        for made in (for_tonight([plain], rows), for_tonight([bare], rows))
    )
    assert scored.mean() == pytest.approx(0.03, abs=1e-6)
    assert np.array_equal(np.argsort(scored, kind="stable"), np.argsort(unmoved, kind="stable"))
    assert for_tonight([plain], rows[:0]) == [plain]


def test_a_file_remembers_the_rate_and_no_shift():
    made = champion()
    _, manifest = boosting.from_bytes(made.content)
    assert (manifest.base_rate, manifest.shift) == (made.manifest.base_rate, 0.0)
