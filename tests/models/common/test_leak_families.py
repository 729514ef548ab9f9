from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from models.common import leak_families, leaks
from models.common.params import LeakLimits

LIMITS = LeakLimits(auc=0.93, rate_ratio=10)
ROWS = 3000


def frame(**columns: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"customer_id": [f"C{n // 2}" for n in range(ROWS)], **columns})


def test_a_family_is_one_figure_over_several_windows():
    names = ["spend_30d", "spend_365d", "orders_30d", "age", "spend_trend"]
    assert leak_families.families(names) == {"spend": ["spend_30d", "spend_365d"]}


def test_what_is_hidden_in_two_windows_is_found_in_their_difference():
    # One window begins too late: the difference of both is the outcome, neither alone tells it.
    rng = np.random.default_rng(5)
    events = rng.uniform(size=ROWS) < 0.2
    before = rng.gamma(2.0, 30.0, ROWS)
    rows = frame(spend_30d=before, spend_60d=before + np.where(events, 0.0, 9.0))
    names, outcomes = ["spend_30d", "spend_60d"], {"no purchase": events}
    assert leaks.suspicious(rows, names, outcomes, LIMITS) == {}
    assert set(leak_families.suspicious(rows, names, outcomes, LIMITS)) == set(names)


def test_an_honest_family_is_let_through_though_it_is_strong():
    rng = np.random.default_rng(6)
    rate = rng.gamma(1.2, 1.6, ROWS)
    events = rng.poisson(rate) == 0
    rows = frame(orders_30d=rng.poisson(rate), orders_90d=rng.poisson(3 * rate).astype(float))
    assert leak_families.suspicious(rows, ["orders_30d", "orders_90d"], {"e": events}, LIMITS) == {}


@pytest.mark.parametrize("events", [np.zeros(ROWS, bool), np.arange(ROWS) == 7])
def test_too_few_events_say_nothing(events):
    rows = frame(orders_30d=np.arange(ROWS), orders_90d=np.arange(ROWS))
    assert leak_families.suspicious(rows, ["orders_30d", "orders_90d"], {"e": events}, LIMITS) == {}
