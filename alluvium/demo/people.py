"""One invented person, and how one is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from alluvium.demo.days import HISTORY_DAY, LAST_DAY
from alluvium.demo.identifiers import Identifiers
from alluvium.demo.names import OTHER_LOCALES, Names, Pools
from alluvium.demo.places import Address, Town, towns

SHARE_SECOND_EMAIL = 0.20
SHARE_MOVED_BEFORE = 0.12
SHARE_MOVES_IN_NIGHTS = 0.07
SHARE_WITH_APARTMENT = 0.25


@dataclass(frozen=True)
class Person:
    """A person as they are, without any system's errors.

    card is the loyalty card number, for shoppers only. household tells who lives together.
    known_from is the first day on which a company can know of the person: a shopper's first purchase.
    """

    person_id: str
    household: str
    card: str | None
    first_name: str
    last_name: str
    gender: str
    birth_date: date
    email: str
    second_email: str | None
    phone: str
    landline: str | None
    address: Address
    earlier_address: Address | None
    moved_on: date | None
    language: str
    known_from: date

    def address_on(self, day: date) -> Address:
        """Where the person lived on a day."""
        if self.earlier_address is not None and self.moved_on is not None and day < self.moved_on:
            return self.earlier_address
        return self.address


@dataclass(frozen=True)
class Home:
    """What the people of one household share."""

    household: str
    address: Address
    earlier_address: Address | None
    moved_on: date | None
    landline: str | None
    names: Names


class PersonMaker:
    """Makes people from pools of names and places; all of its choices come from the streams it is given."""

    def __init__(self, pools: Pools) -> None:
        self.pools = pools
        self.identifiers = Identifiers()
        self._towns: Sequence[Town] = towns()
        self._town_weights = [town.weight for town in self._towns]

    def home(self, household: str, rng: Random) -> Home:
        """An address, perhaps another one before it, perhaps a landline."""
        town = self._town(rng)
        address = self._address(town, rng)
        moved_on = _moved_on(rng)
        earlier = (
            None if moved_on is None else self._address(town if rng.random() < 0.7 else self._town(rng), rng)
        )
        landline = self.identifiers.phone(town.state, rng) if rng.random() < 0.2 else None
        return Home(household, address, earlier, moved_on, landline, self._names(rng))

    def person(
        self,
        home: Home,
        number: int,
        rng: Random,
        birth_date: date,
        *,
        gender: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        email: str | None = None,
        card: str | None = None,
        known_from: date = date.min,
    ) -> Person:
        """Someone who lives there; what is not given is drawn."""
        gender = gender or ("female" if rng.random() < 0.55 else "male")
        first_name = first_name or rng.choice(home.names.female if gender == "female" else home.names.male)
        last_name = last_name or rng.choice(home.names.last)
        has_second = rng.random() < SHARE_SECOND_EMAIL
        return Person(
            person_id=f"P-{home.household}-{number}",
            household=home.household,
            card=card,
            first_name=first_name,
            last_name=last_name,
            gender=gender,
            birth_date=birth_date,
            email=email or self.identifiers.email(first_name, last_name, birth_date, rng),
            second_email=self.identifiers.work_email(first_name, last_name, rng) if has_second else None,
            phone=self.identifiers.phone(home.address.state, rng),
            landline=home.landline,
            address=home.address,
            earlier_address=home.earlier_address,
            moved_on=home.moved_on,
            language=home.names.language,
            known_from=known_from,
        )

    def _names(self, rng: Random) -> Names:
        others = list(OTHER_LOCALES.values())
        (locale,) = rng.choices(["en_US", *OTHER_LOCALES], [1 - sum(others), *others])
        return self.pools.names[locale]

    def _town(self, rng: Random) -> Town:
        return rng.choices(self._towns, self._town_weights)[0]

    def _address(self, town: Town, rng: Random) -> Address:
        street = f"{rng.randrange(1, 9900)} {rng.choice(self.pools.streets)}"
        if rng.random() < SHARE_WITH_APARTMENT:
            street += f" Apt {rng.randrange(1, 60)}"
        return Address(
            street, town.name, town.state, f"{town.first_zip + rng.randrange(town.count_zips):05d}"
        )


def _moved_on(rng: Random) -> date | None:
    draw = rng.random()
    if draw < SHARE_MOVED_BEFORE:
        return HISTORY_DAY - timedelta(days=rng.randrange(30, 1500))
    if draw < SHARE_MOVED_BEFORE + SHARE_MOVES_IN_NIGHTS:
        return HISTORY_DAY + timedelta(days=rng.randrange(1, (LAST_DAY - HISTORY_DAY).days + 1))
    return None
