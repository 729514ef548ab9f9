"""Deliveries that cannot work are refused before anything is written."""

from __future__ import annotations

import shutil

import pytest

from alluvium.errors import AlluviumError
from spark_jobs.publish.audience import BLOCKED, ENDED, HELD, REFUSED
from spark_jobs.publish.plan import FOLDER, Delivery, load
from spark_jobs.publish.preconditions import Decided, State, blocked, removals_only

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
        (
            "deliveries.yml",
            "{segment: champions, platform: google}",
            "{segment: champions, platform: google, purpose: marketing_email}",
            "its purpose is marketing_ads",
        ),
        (
            "deliveries.yml",
            "{segment: champions, platform: google}",
            "{segment: champions, platform: google, identifiers: [zip]}",
            "zip identifies nobody there",
        ),
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
    ("platform", "purposes", "stale", "reason"),
    [
        ("meta", None, None, "no consent table"),
        ("meta", frozenset(), None, "nobody was ever asked about marketing_ads"),
        ("google", EVERYTHING - {"ad_user_data"}, None, "ad_user_data"),
        ("meta", EVERYTHING, "the last consent choices are of 2017-10-01", "2017-10-01"),
    ],
)
def test_consent_fails_closed(platform, purposes, stale, reason):
    delivery = Delivery(segment="a", platform=platform)
    planned = PLAN.model_copy(update={"deliveries": (delivery,)})
    outcome = blocked(delivery, planned, State({"a": ADS}, purposes, stale))
    assert outcome is not None
    assert outcome.status == BLOCKED
    assert reason in outcome.reason
    assert set(outcome.counts.values()) == {0}


@pytest.mark.parametrize(
    ("delivery", "segments", "expected"),
    [
        (PLAN.deliveries[0], {}, (HELD, "the segment was not decided for this run date")),
        (
            PLAN.deliveries[0],
            {PLAN.deliveries[0].segment: ADS},
            (REFUSED, "the segment does not allow marketing_email"),
        ),
        (
            Delivery(segment="gone", platform="meta"),
            {"gone": ADS},
            (ENDED, "the delivery is no longer planned"),
        ),
        (PLAN.deliveries[1], {PLAN.deliveries[1].segment: ADS}, None),
    ],
)
def test_what_may_send_nobody_still_takes_people_back(delivery, segments, expected):
    assert removals_only(delivery, PLAN, State(segments, EVERYTHING)) == expected


def test_a_sound_delivery_runs():
    state = State({"a": ADS}, EVERYTHING)
    assert blocked(Delivery(segment="a", platform="google"), PLAN, state) is None


def test_a_delivery_may_use_fewer_identifiers_and_smaller_chunks():
    delivery = Delivery(segment="a", platform="meta", identifiers=("email",), chunk_rows=100)
    platform = PLAN.platform_of(delivery)
    assert (platform.identifiers, platform.chunk_rows) == (("email",), 100)
    assert "phone" not in platform.columns
