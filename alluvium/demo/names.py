"""Pools of names and streets, filled once from Faker with their natural frequencies, and nicknames."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from faker import Faker

COUNT_NAMES = 4000
COUNT_STREETS = 1500

# How often names come from another language's pool: these bring accents and two-part family names.
OTHER_LOCALES = {"es_MX": 0.07, "fr_FR": 0.015, "de_DE": 0.015}

NICKNAMES = {
    "Alexander": "Alex", "Amanda": "Mandy", "Andrew": "Andy", "Anthony": "Tony", "Barbara": "Barb",
    "Benjamin": "Ben", "Catherine": "Cathy", "Charles": "Chuck", "Christina": "Tina", "Christine": "Chris",
    "Christopher": "Chris", "Cynthia": "Cindy", "Daniel": "Dan", "David": "Dave", "Deborah": "Debbie",
    "Donald": "Don", "Edward": "Ed", "Elizabeth": "Liz", "Gregory": "Greg", "James": "Jim",
    "Jeffrey": "Jeff", "Jennifer": "Jen", "Jessica": "Jess", "John": "Jack", "Jonathan": "Jon",
    "Joseph": "Joe", "Joshua": "Josh", "Katherine": "Kate", "Kathleen": "Kathy", "Kenneth": "Ken",
    "Kimberly": "Kim", "Lawrence": "Larry", "Margaret": "Peggy", "Matthew": "Matt", "Melissa": "Missy",
    "Michael": "Mike", "Nicholas": "Nick", "Nicole": "Nikki", "Pamela": "Pam", "Patricia": "Pat",
    "Rebecca": "Becky", "Richard": "Rick", "Robert": "Bob", "Ronald": "Ron", "Samantha": "Sam",
    "Samuel": "Sam", "Stephanie": "Steph", "Stephen": "Steve", "Steven": "Steve", "Susan": "Sue",
    "Theresa": "Terri", "Thomas": "Tom", "Timothy": "Tim", "Victoria": "Vicky", "William": "Bill",
}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """Draws from Faker; common names stand in a pool several times."""

    female: tuple[str, ...]
    male: tuple[str, ...]
    last: tuple[str, ...]
    language: str


@dataclass(frozen=True)
class Pools:
    """Everything that names are made of: by locale, and street names."""

    names: dict[str, Names]
    streets: tuple[str, ...]


@lru_cache(maxsize=2)
def fill_pools(seed: int) -> Pools:
    """Fill all pools; a second's work, kept for the process."""
    locales = {"en_US": COUNT_NAMES} | dict.fromkeys(OTHER_LOCALES, COUNT_NAMES // 10)
    names = {locale: _names(locale, seed, count) for locale, count in locales.items()}
    return Pools(names, _streets(seed))


def _faker(locale: str, seed: int) -> Faker:
    fake = Faker(locale, use_weighting=True)
    fake.seed_instance(seed)
    return fake


def _names(locale: str, seed: int, count: int) -> Names:
    fake = _faker(locale, seed)
    return Names(
        female=tuple(fake.first_name_female() for _ in range(count)),
        male=tuple(fake.first_name_male() for _ in range(count)),
        last=tuple(fake.last_name() for _ in range(count)),
        language=locale[:2],
    )


def _streets(seed: int) -> tuple[str, ...]:
    fake = _faker("en_US", seed + 1)
    return tuple(sorted({fake.street_name() for _ in range(COUNT_STREETS)}))
