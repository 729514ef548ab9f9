"""The contact cap and quiet days, over nights and within one."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from alluvium.job import JobConfig
from alluvium.lake import stays
from alluvium.settings import Settings
from spark_jobs.publish import contacts
from spark_jobs.publish.contacts import Contacts
from spark_jobs.publish.plan import ContactCap
from tests.spark_jobs.segments.lake import put

NIGHT = date(2017, 11, 15)
INSTANT = pa.timestamp("us", tz="UTC")


def at(days_ago: int) -> datetime:
    return stays.night_at(NIGHT - timedelta(days=days_ago))


def remembered(settings: Settings, *entries: tuple[str, str, int]) -> None:
    """Who entered which platform how many days before the night."""
    put(settings, "published.audience_members", pa.table({
        "customer_id": pa.array([who for who, _, _ in entries], pa.string()),
        "platform": pa.array([platform for _, platform, _ in entries], pa.string()),
        "entered_at": pa.array([at(days) for *_, days in entries], INSTANT),
    }))  # fmt: skip


def delivered(settings: Settings, *mails: tuple[str, int]) -> None:
    days = [NIGHT - timedelta(days=ago) for _, ago in mails]
    put(settings, "gold.customer_events", pa.table({
        "customer_id": pa.array([who for who, _ in mails], pa.string()),
        "event": pa.array(["Email Delivered"] * len(mails), pa.string()),
        "occurred_on": pa.array(days, pa.date32()),
    }))  # fmt: skip


def allowed(settings: Settings, who: str = "C1", platform: str = "email", **cap: object) -> bool:
    caps = {"email": ContactCap.model_validate({"most": 2, "in_days": 7, **cap})}
    return contacts.load(JobConfig(NIGHT, settings), caps).allow(platform, who)


@pytest.fixture
def lake(tmp_path) -> Settings:
    return Settings(home=tmp_path)


def test_a_person_is_contacted_at_most_so_often_within_the_days(lake):
    remembered(lake, ("C1", "email", 1), ("C1", "email", 6), ("C2", "email", 1), ("C2", "email", 7))
    assert not allowed(lake, "C1")
    assert allowed(lake, "C2")  # One of the two is out of the window.
    assert allowed(lake, "C3")


def test_another_platform_and_an_earlier_attempt_of_the_night_do_not_count(lake):
    remembered(lake, ("C1", "meta", 1), ("C1", "meta", 2), ("C2", "email", 0), ("C2", "email", 0))
    assert allowed(lake, "C1")
    assert allowed(lake, "C2")
    assert allowed(lake, "C1", platform="meta")  # It has no cap.


@pytest.mark.parametrize(("quiet_days", "is_allowed"), [(0, True), (2, True), (3, False), (30, False)])
def test_quiet_days_follow_each_contact(lake, quiet_days, is_allowed):
    remembered(lake, ("C1", "email", 3))
    assert allowed(lake, quiet_days=quiet_days) == is_allowed


def test_what_the_channel_reports_counts_where_the_cap_names_it(lake):
    remembered(lake, ("C1", "email", 1))
    delivered(lake, ("C1", 1), ("C1", 0))
    assert allowed(lake)
    assert not allowed(lake, event="Email Delivered")


def test_a_delivery_of_the_same_night_counts(lake):
    capped = Contacts({"email": ContactCap(most=2, in_days=7)})
    capped.note("email", ["C1"])
    assert capped.allow("email", "C1")
    capped.note("email", ["C1"])
    assert not capped.allow("email", "C1")
    resting = Contacts({"email": ContactCap(most=9, in_days=7, quiet_days=1)})
    resting.note("email", ["C1"])
    assert not resting.allow("email", "C1")


@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    days=st.lists(st.integers(1, 12), max_size=6), most=st.integers(1, 4), in_days=st.integers(1, 10),
    quiet_days=st.integers(0, 10),
)  # fmt: skip
def test_the_history_is_counted_as_by_hand(lake, days, most, in_days, quiet_days):
    remembered(lake, *(("C1", "email", ago) for ago in days))
    expected = sum(ago < in_days for ago in days) < most and not any(0 < ago <= quiet_days for ago in days)
    assert allowed(lake, most=most, in_days=in_days, quiet_days=quiet_days) == expected


def test_who_was_there_before_goes_on_whatever_the_cap_says_and_a_held_delivery_contacts_nobody(
    deliver_with, person, former
):
    capped = Contacts({"email": ContactCap(most=1, in_days=7)}, {("email", "C1"): 1, ("email", "C2"): 1})
    found = deliver_with(capped, [person("C1", **former), person("C2"), person("C3")])
    assert (found.counts["exported"], found.counts["capped"]) == (2, 1)
    assert found.moved == {("C1", "stayed"), ("C3", "entered")}
    assert not capped.allow("email", "C3")
    again = Contacts({"email": ContactCap(most=1, in_days=7)})
    deliver_with(again, [person("C3")], minimum_size=5)
    assert again.allow("email", "C3")


@pytest.fixture
def deliver_with(tmp_path, stream):
    """Counts and moves of one delivery to `email` under these contacts."""
    from spark_jobs.publish import moves
    from spark_jobs.publish.audience import Audience, Rules
    from spark_jobs.publish.judging import Criteria, judge
    from spark_jobs.publish.plan import Guards, load
    from spark_jobs.publish.suppression import Suppressed

    def run(known: Contacts, people: list[dict[str, object]], minimum_size: int = 1) -> SimpleNamespace:
        platform = load().platforms["email"]
        (tmp_path / "files").mkdir(exist_ok=True)
        rules = Rules(
            "fans", "email", platform, minimum_size, Guards(), False, "full", "v1", NIGHT, b"s" * 32,
            "https://shop.example/{token}", contacts=known,
        )  # fmt: skip
        criteria = Criteria({("fans", "email"): platform}, {}, Suppressed({}, b"s" * 32))
        made = Audience(tmp_path / "files", tmp_path / "a.moves", rules)
        made.take(judge(stream(people), "fans", "email", criteria))
        outcome = made.finish()
        lines = [row for batch in moves.read(tmp_path / "a.moves", True) for row in batch.to_pylist()]
        return SimpleNamespace(
            counts=outcome.counts, moved={(line["customer_id"], line["move"]) for line in lines}
        )

    return run
