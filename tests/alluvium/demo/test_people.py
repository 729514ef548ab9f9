from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import phonenumbers
import pytest

from alluvium.demo.days import HISTORY_DAY
from alluvium.demo.deliveries import World
from alluvium.demo.dice import dice
from alluvium.demo.identifiers import DOMAINS, WORK_DOMAINS, Identifiers
from alluvium.demo.places import area_codes
from alluvium.demo.records import Version
from alluvium.demo.typed import PLACEHOLDER_EMAILS, Rates, misspelt, typed, without_accents

PERFECT = Rates(*[0.0] * len(Rates.__dataclass_fields__))


def test_every_household_has_one_shopper_who_alone_holds_the_card(world: World) -> None:
    shoppers = world.population.shoppers
    assert [person.card for person in shoppers] == [str(household) for household in world.journey.households]
    assert {person.card for person in world.population.everybody[len(shoppers) :]} == {None}
    assert {version.source_id for version in world.cards} <= {person.card for person in shoppers}


def test_phone_numbers_are_valid_and_kept_for_fiction(world: World) -> None:
    for person in world.population.everybody:
        assert phonenumbers.is_valid_number(phonenumbers.parse(person.phone, "US"))
        assert person.phone[3:8] == "55501"


def test_every_area_code_is_in_use() -> None:
    codes = [code for codes in area_codes().values() for code in codes]
    assert len(codes) == len(set(codes))
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(f"{code}5550123", "US")) for code in codes)


def test_email_addresses_are_under_reserved_domains_and_given_out_once(world: World) -> None:
    reserved = {"example.com", "example.net", "example.org"}
    assert {".".join(domain.split(".")[-2:]) for domain in (*DOMAINS, *WORK_DOMAINS)} == reserved
    identifiers, rng = Identifiers(), dice(1, "test")
    given = [identifiers.email("Ann", "Lee", date(1980, 1, 1), rng) for _ in range(500)]
    assert len(set(given)) == 500


def test_perfect_typing_keeps_a_person_as_they_are(world: World) -> None:
    person = world.population.shoppers[0]
    held = typed(person, date.max, PERFECT, dice(1, "test"))
    assert (held.email, held.birth_date) == (person.email, person.birth_date)
    assert without_accents(held.last_name or "").lower() == without_accents(person.last_name).lower()


@pytest.mark.parametrize("word", ["smith", "Garcia", "O'Neil"])
def test_a_slip_of_the_finger_changes_a_word_a_little(word: str) -> None:
    slips = {misspelt(word, dice(seed, "slip")) for seed in range(30)}
    assert all(abs(len(slip) - len(word)) <= 1 for slip in slips)
    assert len(slips) > 5
    assert misspelt("Al", dice(1, "slip")) == "Al"


def test_records_hold_errors_of_every_kind(world: World) -> None:
    held = [version.details for version in (*world.contacts, *world.shop_accounts, *world.cards)]
    assert any(one.email in PLACEHOLDER_EMAILS for one in held)
    assert any(one.email is None for one in held)
    assert any(one.first_name and one.first_name.isupper() for one in held)


def test_some_people_stand_in_the_crm_twice(world: World) -> None:
    contacts = {(version.person_id, version.source_id) for version in world.contacts}
    assert max(Counter(person for person, _ in contacts).values()) == 2


def versions_by_id(versions: list[Version]) -> dict[str, list[Version]]:
    found: dict[str, list[Version]] = {}
    for version in versions:
        found.setdefault(version.source_id, []).append(version)
    return found


def test_the_history_holds_each_record_once_and_nights_hold_changes(world: World) -> None:
    """Two versions of a key in one delivery would be reported as a conflict every time."""
    for made in (world.contacts, world.shop_accounts, world.cards):
        for versions in versions_by_id(made).values():
            days = [max(version.arrived_on, HISTORY_DAY) for version in versions]
            assert len(set(days)) == len(days)


def test_who_shops_for_the_first_time_in_a_night_is_unknown_before(world: World) -> None:
    """Otherwise the lake would know in October who comes in November."""
    known_from = {person.person_id: person.known_from for person in world.population.shoppers}
    for version in (*world.contacts, *world.shop_accounts, *world.cards):
        first_day = known_from.get(version.person_id)
        if first_day is not None and first_day > HISTORY_DAY:
            assert version.arrived_on >= first_day


def test_unsubscribing_is_a_choice_in_the_preference_centre_too(world: World) -> None:
    revoked = {
        (choice.person_id, choice.changed_at.date())
        for choice in world.choices
        if choice.purpose == "marketing_email" and choice.status == "revoked"
    }
    for event in world.mail_events:
        if event.event == "Unsubscribed":
            days = (event.occurred_at + timedelta(minutes=n) for n in (0, 2))
            assert any((event.subscriber.person_id, day.date()) in revoked for day in days)


def test_nobody_who_said_no_is_written_to(world: World) -> None:
    for event in world.mail_events:
        if event.event == "Email Delivered":
            answers = [
                choice.status
                for choice in world.choices
                if choice.person_id == event.subscriber.person_id
                and choice.purpose == "marketing_email"
                and choice.changed_at <= event.occurred_at
            ]
            assert not answers or answers[-1] == "granted"
