"""crm/contacts: what the call centre and the service desk typed in, some people twice. JSON lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from random import Random

from alluvium.demo.batch import Batches, text
from alluvium.demo.breakage import Amounts, Breakage, Row, json_lines, put, to_json
from alluvium.demo.daily import Entity, daily
from alluvium.demo.days import iso
from alluvium.demo.dice import dice, opaque_ids
from alluvium.demo.memberships import Membership
from alluvium.demo.records import Version, arrivals, changed, last_change_in_history, moment
from alluvium.demo.typed import Rates, Typed, typed

RATES = Rates()
SHARE_ENTERED_TWICE = 0.08
TITLES = {"female": ("Ms.", "Mrs.", "Ms"), "male": ("Mr.", "Mr", "Dr.")}

BREAKAGE = Breakage(
    amounts=Amounts(broken=(36, 1), duplicates=(12, 1)),
    rekey=lambda row, number: row.update(contact_id=f"C-X{number}"),
    spoils=(
        put("birth_date", "31/31/1980"),
        put("updated_at", "yesterday"),
        put("created_at", "2031-01-01T00:00:00Z"),
        put("contact_id", None),
        put("gender", "F"),
        put("language", "english"),
    ),
    is_cut_off=True,
)
ENTITY = Entity("crm", "contacts", "contacts.json", json_lines(), BREAKAGE, text)


@dataclass(frozen=True)
class _Entry:
    """One contact of one person; the second of the same person never names the card."""

    member: Membership
    contact_id: str
    is_first: bool


def contacts(members: Iterable[Membership], seed: int) -> list[Version]:
    """Every version of every contact."""
    rng = dice(seed, "crm")
    known = [member for member in members if member.crm_since is not None]
    entered = [(member, True) for member in known]
    entered += [(member, False) for member in known if rng.random() < SHARE_ENTERED_TWICE]
    ids = opaque_ids(rng, len(entered), "C-", 7)
    entries = [_Entry(member, name, first) for (member, first), name in zip(entered, ids, strict=True)]
    return [version for entry in entries for version in _versions(entry, rng)]


def contact_batches(versions: Iterable[Version], seed: int, last_day: date) -> Batches:
    """The history's contacts in one file, then new and changed ones."""
    yield from daily(ENTITY, arrivals(versions, to_json), seed, last_day)


def _versions(entry: _Entry, rng: Random) -> Iterator[Version]:
    member, person = entry.member, entry.member.person
    assert member.crm_since is not None
    created_at = moment(member.crm_since, rng)
    day = last_change_in_history(member.crm_since, rng)
    details = typed(person, day, RATES, rng)
    gender = person.gender if rng.random() < 0.8 else None
    title = rng.choice(TITLES[person.gender]) if rng.random() < 0.5 else None

    def version(on: date, held: Typed) -> Version:
        updated_at = max(created_at, moment(on, rng))
        row = _row(entry, held, _card(entry, on), created_at, updated_at, gender, title)
        return Version(person.person_id, entry.contact_id, on, row, held)

    yield version(day, details)
    if entry.is_first and member.crm_changed_on is not None and member.crm_changed_on > day:
        details = changed(person, details, member.crm_changed_on, RATES, rng)
        yield version(member.crm_changed_on, details)


def _card(entry: _Entry, day: date) -> str | None:
    named_from = entry.member.card_in_crm_from
    is_named = entry.is_first and named_from is not None and named_from <= day
    return entry.member.person.card if is_named else None


def _row(
    entry: _Entry,
    held: Typed,
    card: str | None,
    created_at: datetime,
    updated_at: datetime,
    gender: str | None,
    title: str | None,
) -> Row:
    return {
        "contact_id": entry.contact_id,
        "title": title,
        "first_name": held.first_name,
        "last_name": held.last_name,
        "email": held.email,
        "phone": held.phone,
        "birth_date": held.birth_date.isoformat() if held.birth_date else None,
        "address": _address(held),
        "gender": gender,
        "language": entry.member.person.language,
        "loyalty_card": card,
        "created_at": iso(created_at),
        "updated_at": iso(updated_at),
        "provenance": "synthetic",
    }


def _address(held: Typed) -> Row | None:
    if held.street is None:
        return None
    return {
        "street": held.street,
        "city": held.city,
        "state": held.state,
        "postal_code": held.postal_code,
        "country": "US",
    }
