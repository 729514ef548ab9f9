"""loyalty/accounts: paper forms of the loyalty programme, one per card. CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from random import Random

from alluvium.demo.batch import Batches, text
from alluvium.demo.breakage import Amounts, Breakage, Row, csv_lines, put
from alluvium.demo.daily import Entity, daily
from alluvium.demo.dice import dice
from alluvium.demo.memberships import Membership
from alluvium.demo.records import Version, arrivals, changed, last_change_in_history, moment
from alluvium.demo.typed import Rates, Typed, typed

HEADER = (
    "loyalty_card,first_name,last_name,email,phone,birth_date,"
    "street,city,state,postal_code,country,enrolled_on,updated_at,provenance"
)
# Forms are read by hand: more typing errors, and addresses from the day of enrolment.
RATES = Rates(
    missing_email=0.15, missing_birth_date=0.10, missing_address=0.02, typing_error=0.04, stale_address=0.7
)

BREAKAGE = Breakage(
    amounts=Amounts(broken=(16, 1), duplicates=(8, 1)),
    rekey=lambda row, number: row.update(loyalty_card=f"X{number}"),
    spoils=(
        put("enrolled_on", "2017-02-30"),
        put("loyalty_card", ""),
        put("updated_at", "2031-01-01 00:00:00"),
        put("birth_date", "13.13.1971"),
    ),
    is_cut_off=True,
)
ENTITY = Entity(
    "loyalty", "accounts", "accounts.csv", csv_lines(HEADER), BREAKAGE, lambda lines: text(lines, HEADER)
)


def memberships_on_file(members: Iterable[Membership], seed: int) -> list[Version]:
    """Every version of every card's form; the card number is the till's."""
    rng = dice(seed, "loyalty")
    known = [member for member in members if member.loyalty_since is not None]
    return [version for member in known for version in _versions(member, rng)]


def account_batches(versions: Iterable[Version], seed: int, last_day: date) -> Batches:
    """The history's cards in one file, then new and changed ones."""
    yield from daily(ENTITY, arrivals(versions, ENTITY.form.closed), seed, last_day)


def _versions(member: Membership, rng: Random) -> Iterator[Version]:
    person, enrolled_on = member.person, member.loyalty_since
    assert enrolled_on is not None
    assert person.card is not None
    card = person.card
    day = member.loyalty_registered_on or last_change_in_history(enrolled_on, rng)
    details = typed(person, day, RATES, rng)

    def version(on: date, held: Typed) -> Version:
        row = _row(card, held, enrolled_on, moment(on, rng))
        return Version(person.person_id, card, on, row, held)

    yield version(day, details)
    if member.loyalty_changed_on is not None and member.loyalty_changed_on > day:
        yield version(
            member.loyalty_changed_on, changed(person, details, member.loyalty_changed_on, RATES, rng)
        )


def _row(card: str, held: Typed, enrolled_on: date, updated_at: datetime) -> Row:
    return {
        "loyalty_card": card,
        "first_name": held.first_name,
        "last_name": held.last_name,
        "email": held.email,
        "phone": held.phone,
        "birth_date": held.birth_date,
        "street": held.street,
        "city": held.city,
        "state": held.state,
        "postal_code": held.postal_code,
        "country": "US",
        "enrolled_on": enrolled_on,
        "updated_at": updated_at.strftime("%Y-%m-%d %H:%M:%S"),
        "provenance": "synthetic",
    }
