"""Deliveries that cannot work are refused before anything is written."""

from __future__ import annotations

import shutil

import pytest

from alluvium.errors import AlluviumError
from spark_jobs.publish.audience import BLOCKED, REFUSED
from spark_jobs.publish.audiences import Decided, objection
from spark_jobs.publish.plan import FOLDER, Delivery, load

PLAN = load()
ADS = Decided("v1", frozenset({"marketing_ads"}))
EVERYTHING = frozenset({"marketing_email", "marketing_ads", "ad_user_data", "ad_personalization"})


def test_the_shipped_plan_sends_to_two_platforms_at_least():
    assert len({delivery.platform for delivery in PLAN.deliveries}) >= 2


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("deliveries.yml", "platform: meta", "platform: metta", "platforms.yml has no 'metta'"),
        (
            "deliveries.yml",
            "segment: champions, platform: email",
            "segment: cart_abandoners, platform: email",
            "twice",
        ),
        ("deliveries.yml", "https://", "http://", "should match pattern"),
        ("deliveries.yml", "minimum_size: 20", "smallest: 20", "Field required"),
        ("deliveries.yml", "deliveries:", "deliveries: [", "Not YAML"),
        ("platforms.yml", "ct: city", "ct: town", "meta takes no town"),
    ],
)
def test_a_broken_plan_is_refused_with_its_place(tmp_path, file, old, new, complaint):
    for name in ("deliveries.yml", "platforms.yml"):
        shutil.copy(FOLDER / name, tmp_path)
    text = (tmp_path / file).read_text()
    (tmp_path / file).write_text(text.replace(old, new, 1))
    with pytest.raises(AlluviumError) as refused:
        load(tmp_path)
    assert complaint in refused.value.what
    assert ".yml" in refused.value.where


@pytest.mark.parametrize(
    ("platform", "segments", "purposes", "status", "reason"),
    [
        ("meta", {}, EVERYTHING, REFUSED, "not decided"),
        ("email", {"a": ADS}, EVERYTHING, REFUSED, "does not allow marketing_email"),
        ("meta", {"a": ADS}, None, BLOCKED, "no consent table"),
        ("meta", {"a": ADS}, frozenset(), BLOCKED, "nobody was ever asked about marketing_ads"),
        ("google", {"a": ADS}, EVERYTHING - {"ad_user_data"}, BLOCKED, "ad_user_data"),
    ],
)
def test_consent_fails_closed(platform, segments, purposes, status, reason):
    outcome = objection(Delivery(segment="a", platform=platform), PLAN, segments, purposes)
    assert outcome is not None
    assert outcome.status == status
    assert reason in outcome.reason
    assert set(outcome.counts.values()) == {0}


def test_a_sound_delivery_runs():
    assert objection(Delivery(segment="a", platform="google"), PLAN, {"a": ADS}, EVERYTHING) is None
