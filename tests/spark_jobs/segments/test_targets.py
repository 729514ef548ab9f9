"""Segments with a target rate: what is proposed, on what evidence, and that nothing moves by itself."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pytest

from alluvium import catalog
from alluvium.errors import AlluviumError
from alluvium.job import NIGHT, SUCCEEDED, JobConfig
from alluvium.lake import ledger
from alluvium.settings import Settings
from spark_jobs.segments import decide
from spark_jobs.segments.definition import parse
from spark_jobs.segments.targets import look, wilson
from tests.spark_jobs.segments.lake import members, put, shop

FIRST, TODAY = date(2017, 11, 2), date(2017, 11, 30)
HEAD = """-- owner: crm-team
-- allowed purposes: marketing_email
-- schedule: nightly
-- guard: size between 0 and 5000
-- target: {target}
-- Customers of the shop.
"""
SQL = "select customer_id from ml.churn_scores where horizon_days = 30 and churn_probability > {bound}"
TARGET = "redeemed at least 80 percent in 28 days, by churn_probability"
RULES = """
owner: crm-team
purposes: [marketing_email]
guard: {size: [0, 5000]}
target: {outcome: redeemed, percent: 80, in_days: 28, by: churn.churn_probability}
description: Customers of the shop.
rules: {all: [{field: churn.churn_probability, horizon_days: 30, above: 0.2}]}
"""


def segment(bound: float = 0.2, target: str = TARGET, file: str = "few.sql"):
    return parse((HEAD.format(target=target) + SQL.format(bound=bound)).encode(), file)


@pytest.fixture
def lake(tmp_path) -> Settings:
    """2,000 customers with probabilities spread evenly; those over 0.6 redeem a coupon, and nobody else."""
    settings = Settings(home=tmp_path / "home")
    shop(settings)
    ids = [f"C{number:04}" for number in range(2000)]
    scores = np.linspace(0.0005, 0.9995, 2000)
    put(settings, "gold.customers", pa.table({"customer_id": ids}))
    put(settings, "ml.churn_scores", pa.table({
        "customer_id": ids, "horizon_days": pa.array([30] * 2000, pa.int32()), "churn_probability": scores,
        "as_of_date": pa.array([date(2017, 11, 3)] * 2000),
    }))  # fmt: skip
    put(settings, "gold.coupon_redemptions", pa.table({
        "customer_id": [one for one, score in zip(ids, scores, strict=True) if score > 0.6],
        "redeemed_on": pa.array([date(2017, 11, 20)] * 800),
    }))  # fmt: skip
    finished = datetime(2017, 11, 3, tzinfo=UTC)
    night = {
        "job": NIGHT, "run_date": FIRST, "status": SUCCEEDED, "finished_at": finished,
        "table_versions": json.dumps(ledger.versions(settings)),
    }  # fmt: skip
    ledger.append(catalog.OPS_RUNS, [night], settings)
    return settings


def test_the_loosest_bound_that_reaches_the_target_is_proposed_with_its_evidence(lake):
    found = look(lake, segment(), TODAY)
    # 40 % of all are right; they are 80 % of those over 0.5, and a little more to be sure of it.
    assert found.verdict == "propose"
    assert 0.5 < found.bound_proposed < 0.58
    assert (found.customers_now, found.rate_now) == (1600, 0.5)
    assert found.rate_low <= found.rate_proposed <= found.rate_high
    assert 0.8 <= found.rate_proposed < 0.95


def test_rules_propose_what_sql_does(lake):
    assert look(lake, parse(RULES.encode(), "few.yml"), TODAY) == look(lake, segment(), TODAY)


def test_an_at_most_bound_is_lowered(lake):
    text = HEAD.format(target="redeemed at least 1 percent in 28 days, by churn_probability")
    sql = "select customer_id from ml.churn_scores where churn_probability <= 0.3"
    found = look(lake, parse((text + sql).encode(), "few.sql"), TODAY)
    assert (found.rate_now, found.verdict) == (0.0, "propose")
    assert found.bound_proposed == pytest.approx(0.9995, abs=0.01)


def test_chance_is_not_proposed(lake):
    ids = [f"C{number:04}" for number in range(2000)]
    hits = [one for one in ids if sha256(one.encode()).digest()[3] < 26]
    day = pa.array([date(2017, 11, 20)] * len(hits))
    put(lake, "gold.coupon_redemptions", pa.table({"customer_id": hits, "redeemed_on": day}))
    target = TARGET.replace("80", "14")  # A tenth of all redeem, whatever their probability.
    found = look(lake, segment(target=target), TODAY)
    assert (found.verdict, found.bound_proposed) == ("none", None)


def test_who_did_it_too_late_or_before_does_not_count_and_a_young_lake_says_nothing(lake):
    day = pa.array([FIRST, date(2017, 12, 1)])
    put(lake, "gold.coupon_redemptions", pa.table({"customer_id": ["C1999", "C1998"], "redeemed_on": day}))
    assert look(lake, segment(), date(2017, 12, 1)).rate_now == 0.0
    assert look(lake, segment(), date(2017, 11, 29)) is None


def test_the_night_keeps_the_proposal_and_moves_nobody_by_it(lake, tmp_path):
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "few.sql").write_text(segment().text)
    decide.run(None, JobConfig(TODAY, lake, {"definitions": str(folder)}))
    (kept,) = ledger.rows(catalog.PUBLISHED_SEGMENT_PROPOSALS, lake)
    assert (kept["segment"], kept["verdict"], kept["bound_now"]) == ("few", "propose", 0.2)
    assert members(lake).num_rows == 1600


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("redeemed at least 5 percent in 28 days, by frequency", "no bound of frequency"),
        ("wished at least 5 percent in 28 days, by churn_probability", "cannot be read"),
        ("redeemed at least 0 percent in 28 days, by churn_probability", "cannot be read"),
    ],
)
def test_a_target_that_moves_nothing_is_refused_when_it_is_written(target, complaint):
    with pytest.raises(AlluviumError, match=complaint):
        segment(target=target)


def test_the_interval_is_the_published_one():
    # 10 of 20: Wilson's interval is 0.2993 to 0.7007 (Brown, Cai, DasGupta 2001).
    assert wilson(10, 20) == pytest.approx((0.2993, 0.7007), abs=1e-4)
