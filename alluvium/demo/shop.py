"""shop/accounts: what people typed themselves when they registered in the online shop. JSON lines, nested."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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

# People seldom get their own name wrong, but leave out what they may leave out.
RATES = Rates(
    missing_email=0.0,
    missing_phone=0.30,
    missing_address=0.12,
    placeholder=0.004,
    typing_error=0.015,
    nickname=0.10,
    stale_address=0.25,
)

BREAKAGE = Breakage(
    amounts=Amounts(broken=(20, 1), duplicates=(8, 1)),
    rekey=lambda row, number: row.update(id=f"u_x{number}"),
    spoils=(
        put("createdAt", "not a date"),
        put("updatedAt", "2010-01-01T00:00:00Z"),
        put("updatedAt", "2031-01-01T00:00:00Z"),
        put("id", None),
        put("emailVerified", "maybe"),
    ),
    is_cut_off=True,
)
ENTITY = Entity("shop", "accounts", "accounts.json", json_lines(), BREAKAGE, text)


def accounts(members: Iterable[Membership], seed: int) -> list[Version]:
    """Every version of every account."""
    rng = dice(seed, "shop")
    known = [member for member in members if member.shop_since is not None]
    ids = opaque_ids(rng, len(known), "u_")
    return [
        version for member, name in zip(known, ids, strict=True) for version in _versions(member, name, rng)
    ]


def account_batches(versions: Iterable[Version], seed: int, last_day: date) -> Batches:
    """The history's accounts in one file, then new and changed ones."""
    yield from daily(ENTITY, arrivals(versions, to_json), seed, last_day)


def _versions(member: Membership, user_id: str, rng: Random) -> Iterator[Version]:
    person = member.person
    assert member.shop_since is not None
    created_at = moment(member.shop_since, rng)
    day = last_change_in_history(member.shop_since, rng)
    details = typed(person, day, RATES, rng)
    card = person.card if member.is_card_in_shop else None
    is_verified = rng.random() < 0.85

    def version(on: date, held: Typed) -> Version:
        row = _row(user_id, held, card, is_verified, created_at, max(created_at, moment(on, rng)))
        return Version(person.person_id, user_id, on, row, held)

    yield version(day, details)
    if member.shop_changed_on is not None and member.shop_changed_on > day:
        yield version(member.shop_changed_on, changed(person, details, member.shop_changed_on, RATES, rng))


def _row(
    user_id: str, held: Typed, card: str | None, is_verified: bool, created_at: datetime, updated_at: datetime
) -> Row:
    address = {
        "street": held.street,
        "city": held.city,
        "state": held.state,
        "postalCode": held.postal_code,
        "country": "US",
    }
    return {
        "id": user_id,
        "profile": {
            "firstName": held.first_name,
            "lastName": held.last_name,
            "email": held.email,
            "phone": held.phone,
        },
        "shippingAddress": address if held.street else None,
        "loyaltyCard": card,
        "emailVerified": is_verified,
        "createdAt": iso(created_at),
        "updatedAt": iso(updated_at),
        "provenance": "synthetic",
    }
