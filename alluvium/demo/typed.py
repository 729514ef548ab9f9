"""What a system holds of a person after somebody typed it: slips, nicknames, old addresses, placeholders."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from alluvium.demo.names import NICKNAMES
from alluvium.demo.people import Person
from alluvium.demo.places import Address

PLACEHOLDER_EMAILS = ("test@test.com", "none@none.com", "n/a", "anonymous", "noemail@example.com")
PLACEHOLDER_PHONES = ("000", "0000000000", "999-999-9999", "555-555-5555", "n/a")
PLACEHOLDER_NAMES = ("anonymous", "n/a", "unknown", "test")
PLACEHOLDER_BIRTH_DATE = date(1900, 1, 1)

STREET_WORDS = {
    "Street": "St",
    "Avenue": "Ave",
    "Road": "Rd",
    "Drive": "Dr",
    "Lane": "Ln",
    "Court": "Ct",
    "Apt": "#",
}
KEYBOARD_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


@dataclass(frozen=True)
class Rates:
    """Shares of records in which a thing happens; the same for all people of a source."""

    missing_email: float = 0.08
    missing_phone: float = 0.12
    missing_birth_date: float = 0.20
    missing_address: float = 0.05
    placeholder: float = 0.012
    typing_error: float = 0.03
    nickname: float = 0.06
    swapped_names: float = 0.015
    second_contact: float = 0.12
    stale_address: float = 0.50


@dataclass(frozen=True)
class Typed:
    """Contact details as one system holds them."""

    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    birth_date: date | None
    street: str | None
    city: str | None
    state: str | None
    postal_code: str | None


def typed(person: Person, day: date, rates: Rates, rng: Random) -> Typed:
    """The person's details as they were typed on a day."""
    first_name, last_name = _names(person, rates, rng)
    address = _address(person, day, rates, rng)
    return Typed(
        first_name,
        last_name,
        _email(person, rates, rng),
        _phone(person, rates, rng),
        _birth_date(person, rates, rng),
        address.street if address else None,
        address.city if address else None,
        address.state if address else None,
        address.postal_code if address else None,
    )


def misspelt(word: str, rng: Random) -> str:
    """One slip of the finger: a letter swapped with the next, left out, doubled, or its neighbour hit."""
    if len(word) < 3:
        return word
    place = rng.randrange(1, len(word) - 1)
    before, letter, after = word[:place], word[place], word[place + 1 :]
    slips = (before + after[0] + letter + after[1:], before + after, before + letter + letter + after)
    return rng.choice((*slips, before + _neighbour(letter, rng) + after))


def without_accents(word: str) -> str:
    """As somebody without the right keyboard types it."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", word) if not unicodedata.combining(sign))


def _names(person: Person, rates: Rates, rng: Random) -> tuple[str, str]:
    first, last = person.first_name, person.last_name
    if rng.random() < rates.placeholder:
        return rng.choice(PLACEHOLDER_NAMES), last
    if rng.random() < rates.nickname:
        first = NICKNAMES.get(first, first)
    if rng.random() < rates.typing_error:
        first = misspelt(first, rng)
    if rng.random() < rates.typing_error:
        last = misspelt(last, rng)
    if rng.random() < 0.4:
        first, last = without_accents(first), without_accents(last)
    if rng.random() < 0.06:
        first, last = rng.choice(((first.upper(), last.upper()), (first.lower(), last.lower())))
    return (last, first) if rng.random() < rates.swapped_names else (first, last)


def _email(person: Person, rates: Rates, rng: Random) -> str | None:
    if rng.random() < rates.missing_email:
        return None
    if rng.random() < rates.placeholder:
        return rng.choice(PLACEHOLDER_EMAILS)
    email = person.email
    if person.second_email is not None and rng.random() < rates.second_contact * 2:
        email = person.second_email
    return _as_somebody_writes_it(email, rates, rng)


def _as_somebody_writes_it(email: str, rates: Rates, rng: Random) -> str:
    local, domain = email.split("@")
    draw = rng.random()
    if draw < rates.typing_error:
        return f"{misspelt(local, rng)}@{domain}"
    if draw < rates.typing_error + 0.05:
        return rng.choice((email.upper(), email.title(), f" {email}", f"{email} "))
    if domain == "gmail.example.com" and draw < rates.typing_error + 0.10:
        return rng.choice((f"{local}+shop@{domain}", f"{local.replace('.', '')}@{domain}"))
    return email


def _phone(person: Person, rates: Rates, rng: Random) -> str | None:
    if rng.random() < rates.missing_phone:
        return None
    if rng.random() < rates.placeholder:
        return rng.choice(PLACEHOLDER_PHONES)
    digits = person.phone
    if person.landline is not None and rng.random() < rates.second_contact:
        digits = person.landline
    if rng.random() < rates.typing_error:
        place = rng.randrange(len(digits))
        digits = digits[:place] + str(rng.randrange(10)) + digits[place + 1 :]
    area, exchange, line = digits[:3], digits[3:6], digits[6:]
    return rng.choice(
        (
            f"({area}) {exchange}-{line}",
            f"{area}-{exchange}-{line}",
            f"+1 {area} {exchange} {line}",
            f"1-{area}-{exchange}-{line}",
            f"{area}.{exchange}.{line}",
            digits,
        )
    )


def _birth_date(person: Person, rates: Rates, rng: Random) -> date | None:
    if rng.random() < rates.missing_birth_date:
        return None
    if rng.random() < rates.placeholder:
        return PLACEHOLDER_BIRTH_DATE
    born = person.birth_date
    draw = rng.random()
    if draw < rates.typing_error / 2 and born.day <= 12:
        return born.replace(month=born.day, day=born.month)
    if draw < rates.typing_error:
        return born + timedelta(days=rng.choice((-10, -1, 1, 10, 3652, -3653)))
    return born


def _address(person: Person, day: date, rates: Rates, rng: Random) -> Address | None:
    if rng.random() < rates.missing_address:
        return None
    address = person.address_on(day)
    if person.earlier_address is not None and rng.random() < rates.stale_address:
        address = person.earlier_address
    street = address.street
    if rng.random() < 0.35:
        street = " ".join(STREET_WORDS.get(word, word) for word in street.split())
    if rng.random() < rates.typing_error:
        street = misspelt(street, rng)
    city = without_accents(address.city) if rng.random() < 0.4 else address.city
    city = misspelt(city, rng) if rng.random() < rates.typing_error / 2 else city
    postal_code = address.postal_code
    if rng.random() < 0.06:
        postal_code = f"{postal_code}-{rng.randrange(1, 9999):04d}"
    return Address(street.upper() if rng.random() < 0.04 else street, city, address.state, postal_code)


def _neighbour(letter: str, rng: Random) -> str:
    for row in KEYBOARD_ROWS:
        place = row.find(letter.lower())
        if place >= 0:
            return row[max(0, place - 1) if rng.random() < 0.5 else min(len(row) - 1, place + 1)]
    return letter
