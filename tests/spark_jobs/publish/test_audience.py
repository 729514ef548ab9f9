"""One delivery: who goes out, who is taken back, and what is counted."""

from __future__ import annotations

import csv
from datetime import UTC, datetime

import pytest

from alluvium.keys import identifier_key
from spark_jobs.publish.audience import DELIVERED, HELD, Audience, Rules
from spark_jobs.publish.plan import load
from spark_jobs.publish.suppression import Suppressed

SECRET = b"s" * 32
NIGHT = datetime(2017, 11, 2, tzinfo=UTC)


@pytest.fixture
def deliver(tmp_path):
    def run(people, platform_name="email", minimum_size=1, tokens=()):
        rules = Rules(
            segment="champions",
            platform_name=platform_name,
            platform=load().platforms[platform_name],
            minimum_size=minimum_size,
            definition_version="new",
            night=NIGHT,
            suppressed=Suppressed(frozenset(tokens), SECRET),
            secret=SECRET,
            unsubscribe_url="https://shop.example/{token}",
        )
        audience = Audience(tmp_path, rules)
        for one in people:
            audience.take(one)
        return audience.finish()

    return run


def rows(folder, name):
    path = folder / name
    return list(csv.DictReader(path.open(newline=""))) if path.exists() else []


def moves(outcome):
    return {(move["customer_id"], move["move"]) for move in outcome.moves}


def test_consenting_members_go_out_with_an_address_of_their_own_to_unsubscribe(tmp_path, deliver, person):
    outcome = deliver([person("C1", first_name="Ann"), person("C2"), person("C3", is_consented=False)])
    assert (outcome.status, moves(outcome)) == (DELIVERED, {("C1", "entered"), ("C2", "entered")})
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
    outcome = deliver(people)
    assert moves(outcome) == {("C2", "left"), ("C3", "left")}
    assert [row["customer_id"] for row in rows(tmp_path, "removals.csv")] == ["C2", "C3"]
    left = outcome.moves[0]
    assert (left["definition_version"], left["entered_at"]) == ("old", former["entered_at"])


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
    outcome = deliver(people, tokens=tokens)
    assert [row["customer_id"] for row in rows(tmp_path, "audience_0001.csv")] == ["C4"]
    assert outcome.counts["suppressed"] == 3


def test_rejects_say_who_and_why_and_nothing_personal(tmp_path, deliver, person):
    outcome = deliver([person("C1"), person("C2", email="not-an-email"), person("C3", email=None)])
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
    outcome = deliver([stays, leaves], platform_name="meta")
    (removal,) = rows(tmp_path, "removals.csv")
    assert (removal["email"], len(removal["phone"])) == ("", 64)
    assert outcome.counts["removed"] == 1


@pytest.mark.parametrize("size", [0, 1])
def test_too_few_people_are_held_but_removals_go_out(tmp_path, deliver, person, former, size):
    people = [*[person("C1")][:size], person("C2", is_member=False, **former)]
    outcome = deliver(people, minimum_size=2)
    assert (outcome.status, moves(outcome)) == (HELD, {("C2", "left")})
    assert outcome.counts["exported"] == 0
    assert rows(tmp_path, "audience_0001.csv") == []
    assert len(rows(tmp_path, "removals.csv")) == 1
