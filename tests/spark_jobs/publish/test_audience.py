"""One delivery: who goes out, who is taken back, and what is counted."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from alluvium.privacy.keys import identifier_key
from spark_jobs.publish import guards
from spark_jobs.publish import moves as noted
from spark_jobs.publish.audience import DELIVERED, ENDED, HELD, Audience, Rules
from spark_jobs.publish.counts import Counts
from spark_jobs.publish.judging import Criteria, judge
from spark_jobs.publish.plan import Guards, load
from spark_jobs.publish.suppression import Suppressed
from spark_jobs.report.sections.segments import FINAL

SECRET = b"s" * 32
NIGHT = date(2017, 11, 2)


def test_what_nobody_can_approve_is_known_and_the_report_knows_it_too():
    few = guards.too_few(Counts(exported=3), 20)
    assert few == "3 people, fewer than the 20 that may be sent at all"
    nobody = guards.too_few(Counts(), 20)
    large = guards.objection(Counts(exported=9), Guards(largest=5))
    assert [guards.can_be_approved(reason) for reason in (few, nobody, guards.UNDECIDED, large)] == [
        False, False, False, True,
    ]  # fmt: skip
    assert all(reason.endswith(FINAL) for reason in (few, nobody))


@pytest.fixture
def deliver(tmp_path, stream):
    """Outcome of one delivery, and who moved how; its files lie in `tmp_path / "files"`."""

    def run(people, platform_name="email", minimum_size=1, tokens=(), holdout=0.0, **changes):
        platform = load().platforms[platform_name]
        rules = {
            "segment": "champions",
            "platform_name": platform_name,
            "platform": platform,
            "minimum_size": minimum_size,
            "guards": Guards(),
            "is_approved": False,
            "mode": "full",
            "definition_version": "new",
            "run_date": NIGHT,
            "secret": SECRET,
            "unsubscribe_url": "https://shop.example/{token}",
        }
        by_kind = {kind: frozenset(token for k, token in tokens if k == kind) for kind, _ in tokens}
        suppressed = Suppressed(by_kind, SECRET)
        criteria = Criteria({("champions", platform_name): platform}, {"champions": holdout}, suppressed)
        (tmp_path / "files").mkdir(exist_ok=True)
        audience = Audience(tmp_path / "files", tmp_path / "a.moves", Rules(**rules | changes))
        for batch in (people[:1], people[1:]):
            audience.take(judge(stream(batch), "champions", platform_name, criteria))
        outcome = audience.finish()
        batches = noted.read(tmp_path / "a.moves", outcome.status == DELIVERED)
        return outcome, [row for batch in batches for row in batch.to_pylist()]

    return run


def rows(folder, name):
    path = folder / "files" / name
    return list(csv.DictReader(path.open(newline=""))) if path.exists() else []


def moves(lines):
    return {(line["customer_id"], line["move"]) for line in lines}


def test_consenting_members_go_out_with_an_address_of_their_own_to_unsubscribe(tmp_path, deliver, person):
    outcome, moved = deliver([person("C1", first_name="Ann"), person("C2"), person("C3", is_consented=False)])
    assert (outcome.status, moves(moved)) == (DELIVERED, {("C1", "entered"), ("C2", "entered")})
    first, second = rows(tmp_path, "audience_0001.csv")
    assert (first["email"], first["first_name"], first["customer_id"]) == ("c1@example.org", "Ann", "C1")
    assert first["unsubscribe_url"].startswith("https://shop.example/")
    assert first["unsubscribe_url"] != second["unsubscribe_url"]
    assert "C1" not in first["unsubscribe_url"]
    assert outcome.counts["without_consent"] == 1


def test_who_was_there_and_revoked_or_left_is_taken_back(tmp_path, deliver, person, former):
    people = [
        person("C1", **former),
        person("C2", is_consented=False, **former),
        person("C3", is_member=False, is_consented=False, **former),
    ]
    _outcome, moved = deliver(people)
    assert moves(moved) == {("C1", "stayed"), ("C2", "left"), ("C3", "left")}
    assert [row["customer_id"] for row in rows(tmp_path, "removals.csv")] == ["C2", "C3"]
    left = next(line for line in moved if line["move"] == "left")
    assert (left["definition_version"], left["entered_at"].date()) == ("old", date(2017, 11, 1))


def test_nobody_on_the_suppression_list_goes_out_by_any_of_their_identifiers(tmp_path, deliver, person):
    tokens = [
        ("customer_id", "C1"),
        ("email", identifier_key("email", "c2@example.org", secret=SECRET)),
        ("phone", identifier_key("phone", "+14155552671", secret=SECRET)),
    ]
    people = [
        person("C1"),
        person("C2", email=" C2@Example.org"),
        person("C3", phone="(415) 555-2671"),
        person("C4"),
    ]
    outcome, _moved = deliver(people, tokens=tokens)
    assert [row["customer_id"] for row in rows(tmp_path, "audience_0001.csv")] == ["C4"]
    assert outcome.counts["suppressed"] == 3


def test_rejects_say_who_and_why_and_nothing_personal(tmp_path, deliver, person):
    outcome, _moved = deliver([person("C1"), person("C2", email="not-an-email"), person("C3", email=None)])
    assert rows(tmp_path, "rejects.csv") == [
        {"customer_id": "C2", "field": "email", "reason": "invalid_email"},
        {"customer_id": "C2", "field": "record", "reason": "no_identifier"},
        {"customer_id": "C3", "field": "record", "reason": "no_identifier"},
    ]
    assert outcome.counts["rejected"] == 2


def test_two_customers_with_one_address_get_one_mail(tmp_path, deliver, person):
    deliver([person("C1", email="us@example.org"), person("C2", email="US@example.org")])
    assert [row["customer_id"] for row in rows(tmp_path, "audience_0001.csv")] == ["C1"]
    assert rows(tmp_path, "rejects.csv") == [
        {"customer_id": "C2", "field": "record", "reason": "same_address"}
    ]


def test_an_address_that_somebody_who_stays_has_too_is_not_taken_back(tmp_path, deliver, person, former):
    stays = person("C1", email="us@example.org", phone="+14155552671", **former)
    leaves = person("C2", email="us@example.org", phone="+442079460958", is_member=False, **former)
    outcome, _moved = deliver([stays, leaves], platform_name="meta")
    (removal,) = rows(tmp_path, "removals.csv")
    assert (removal["email"], len(removal["phone"])) == ("", 64)
    assert outcome.counts["removed"] == 1


@pytest.mark.parametrize("size", [0, 1])
def test_too_few_people_are_held_but_removals_go_out(tmp_path, deliver, person, former, size):
    people = [*[person("C1")][:size], person("C2", is_member=False, **former)]
    outcome, moved = deliver(people, minimum_size=2)
    assert (outcome.status, moves(moved)) == (HELD, {("C2", "left")})
    assert outcome.counts["exported"] == 0
    assert rows(tmp_path, "audience_0001.csv") == []
    assert len(rows(tmp_path, "removals.csv")) == 1


@pytest.mark.parametrize(
    ("guards", "objection"),
    [
        (Guards(largest=1), "2 people, more than 1"),
        (Guards(smallest=3), "2 people, fewer than 3"),
        (Guards(largest_change=0.4), "1 added and 1 removed of 2, over 40%"),
        (Guards(lowest_match_rate=0.8), "67% of the allowed have a usable identifier, under 80%"),
        (Guards(largest=2, smallest=2, largest_change=0.6, lowest_match_rate=0.6), None),
    ],
)
def test_an_audience_that_does_not_look_like_itself_is_held_until_somebody_approves(
    deliver, person, former, guards, objection
):
    people = [
        person("C1"),
        person("C2", **former),
        person("C3", is_member=False, **former),
        person("C4", email=None),
    ]
    outcome, _ = deliver(people, guards=guards)
    assert (outcome.status, outcome.reason) == ((HELD, objection) if objection else (DELIVERED, None))
    approved, _ = deliver(people, guards=guards, is_approved=True)
    assert approved.status == DELIVERED


def test_no_approval_sends_too_few_people(deliver, person):
    outcome, _ = deliver([person("C1")], minimum_size=2, is_approved=True)
    assert (outcome.status, outcome.reason) == (HELD, "1 people, fewer than the 2 that may be sent at all")


def test_a_difference_holds_who_is_new_and_takes_back_no_address_that_stays(
    tmp_path, deliver, person, former
):
    stays = person("C1", email="us@example.org", phone="+14155552671", **former)
    leaves = person("C2", email="us@example.org", phone="+442079460958", is_member=False, **former)
    outcome, _ = deliver([stays, leaves, person("C3")], platform_name="meta", mode="diff")
    assert len(rows(tmp_path, "audience_0001.csv")) == 1
    assert (outcome.counts["exported"], outcome.counts["added"]) == (2, 1)
    (removal,) = rows(tmp_path, "removals.csv")
    assert (removal["email"], len(removal["phone"])) == ("", 64)


def test_a_platform_that_takes_one_identifier_a_file_gets_a_file_for_each(tmp_path, deliver, person, former):
    people = [person("C1", phone="+14155552671"), person("C2"), person("C3", is_member=False, **former)]
    deliver(people, platform_name="tiktok")
    counted = {path.name: len(rows(tmp_path, path.name)) for path in (tmp_path / "files").iterdir()}
    assert counted == {"audience_email_0001.csv": 2, "audience_phone_0001.csv": 1, "removals_email.csv": 1}


def test_a_delivery_that_ended_takes_everybody_back(tmp_path, deliver, person, former):
    outcome, moved = deliver(
        [person("C1", is_member=False, **former)], removals_only=(ENDED, "the delivery is no longer planned")
    )
    assert (outcome.status, moves(moved)) == (ENDED, {("C1", "left")})
    assert len(rows(tmp_path, "removals.csv")) == 1


def test_the_same_share_of_a_segment_is_held_out_each_time(deliver, person):
    people = [person(f"C{number}") for number in range(400)]
    first, moved = deliver(people, holdout=0.25)
    assert 60 <= first.counts["held_out"] <= 140
    assert first.counts["held_out"] + first.counts["exported"] == 400
    again, moved_again = deliver(people, holdout=0.25)
    assert (again, moves(moved_again)) == (first, moves(moved))
