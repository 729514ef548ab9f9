"""E-mail addresses and telephone numbers that nobody owns, each given out once."""

from __future__ import annotations

import unicodedata
from datetime import date
from random import Random

from alluvium.demo.places import area_codes

# Domains that are reserved for examples (RFC 2606), with how often people have them.
DOMAINS = {
    "example.com": 40,
    "gmail.example.com": 22,
    "example.net": 14,
    "example.org": 10,
    "mail.example.com": 8,
    "post.example.net": 4,
    "inbox.example.org": 2,
}
WORK_DOMAINS = ("office.example.com", "works.example.net", "school.example.org", "clinic.example.org")
SHARE_NUMBER_OF_OWN_STATE = 0.85


class Identifiers:
    """Remembers what it has given out, so that two people share an address or number only on purpose."""

    def __init__(self) -> None:
        self._area_codes = area_codes()
        self._everywhere = [code for codes in self._area_codes.values() for code in codes]
        self._emails: set[str] = set()
        self._phones: set[str] = set()

    def email(self, first_name: str, last_name: str, born: date, rng: Random) -> str:
        """A private address made of the name."""
        (domain,) = rng.choices(list(DOMAINS), list(DOMAINS.values()))
        return self._unique_email(_local_part(first_name, last_name, born, rng), domain, rng)

    def work_email(self, first_name: str, last_name: str, rng: Random) -> str:
        """An address at work."""
        local = f"{_letters(first_name)}.{_letters(last_name)}"
        return self._unique_email(local, rng.choice(WORK_DOMAINS), rng)

    def phone(self, state: str, rng: Random) -> str:
        """Ten digits in the range that is kept for fiction, mostly of the person's own state."""
        while True:
            is_own = rng.random() < SHARE_NUMBER_OF_OWN_STATE
            code = rng.choice(self._area_codes[state] if is_own else self._everywhere)
            number = f"{code}55501{rng.randrange(100):02d}"
            if number not in self._phones:
                self._phones.add(number)
                return number

    def _unique_email(self, local: str, domain: str, rng: Random) -> str:
        email = f"{local}@{domain}"
        while email in self._emails:
            email = f"{local}{rng.randrange(1000)}@{domain}"
        self._emails.add(email)
        return email


def _local_part(first_name: str, last_name: str, born: date, rng: Random) -> str:
    first, last = _letters(first_name), _letters(last_name)
    return rng.choice(
        (
            f"{first}.{last}",
            f"{first}.{last}",
            f"{first[0]}{last}",
            f"{first}{last}",
            f"{first}_{last}",
            f"{first}.{last}{born:%y}",
            f"{last}.{first}",
            f"{first}{born:%Y}",
        )
    )


def _letters(name: str) -> str:
    """Lower case without accents and everything else that is no letter."""
    plain = unicodedata.normalize("NFKD", name.lower())
    return "".join(letter for letter in plain if "a" <= letter <= "z")
