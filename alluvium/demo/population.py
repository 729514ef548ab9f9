"""Who there is: a shopper for every real household, relatives, and a few who only shop online.

Nothing here looks at purchases after a household's first one: what a system knows of a person says nothing
about whether that person will come back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

import polars as pl

from alluvium.demo.dice import dice
from alluvium.demo.journey import Journey
from alluvium.demo.names import fill_pools
from alluvium.demo.people import Home, Person, PersonMaker

# Ages in the middle of the year, as the bought bands give them, and the shares of households without bands.
AGE_BANDS = {
    "19-24": (19, 24),
    "25-34": (25, 34),
    "35-44": (35, 44),
    "45-54": (45, 54),
    "55-64": (55, 64),
    "65+": (65, 88),
}
AGE_WEIGHTS = {"19-24": 46, "25-34": 142, "35-44": 194, "45-54": 288, "55-64": 59, "65+": 72}
SIZE_WEIGHTS = {"1": 255, "2": 318, "3": 109, "4": 53, "5+": 66}
MIDDLE_OF_YEAR = date(2017, 7, 1)

SHARE_PARTNER_KNOWN = 0.50
SHARE_CHILD_KNOWN = 0.35
SHARE_TWIN_CHILDREN = 0.10
SHARE_NAMESAKE_PARENT = 0.02
SHARE_TWIN_SISTER_OR_BROTHER = 0.01
SHARE_SHARED_EMAIL = 0.03
ONLINE_ONLY_PER_HOUSEHOLD = 0.025


@dataclass(frozen=True)
class Population:
    """Everybody, shoppers first, in a fixed order."""

    shoppers: tuple[Person, ...]
    relatives: tuple[Person, ...]
    online_only: tuple[Person, ...]

    @property
    def everybody(self) -> tuple[Person, ...]:
        """Shoppers, relatives, online only."""
        return self.shoppers + self.relatives + self.online_only


def populate(journey: Journey, seed: int) -> Population:
    """Invent everybody; each household has a stream of its own."""
    maker = PersonMaker(fill_pools(seed))
    first_days = _first_days(journey)
    bands = {row["household_id"]: row for row in journey.demographics.to_dicts()}
    shoppers: list[Person] = []
    relatives: list[Person] = []
    for household in journey.households:
        rng = dice(seed, f"household {household}")
        band = bands.get(household, {})
        age = band.get("age") or _drawn(AGE_WEIGHTS, rng)
        size = band.get("household_size") or _drawn(SIZE_WEIGHTS, rng)
        home = maker.home(str(household), rng)
        shopper = _shopper(maker, home, age, first_days[household], rng)
        shoppers.append(shopper)
        relatives.extend(_relatives(maker, home, shopper, size, rng))
    return Population(tuple(shoppers), tuple(relatives), tuple(_online_only(maker, len(shoppers), seed)))


def _first_days(journey: Journey) -> dict[int, date]:
    firsts = journey.lines.group_by("household_id").agg(pl.col("local_day").min())
    return dict(firsts.iter_rows())


def _drawn(weights: dict[str, int], rng: Random) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _shopper(maker: PersonMaker, home: Home, age: str, first_day: date, rng: Random) -> Person:
    born = _born(*AGE_BANDS[age], rng)
    return maker.person(home, 1, rng, born, card=home.household, known_from=first_day)


def _relatives(maker: PersonMaker, home: Home, shopper: Person, size: str, rng: Random) -> Iterator[Person]:
    """Those of the family who have dealings of their own with the company."""
    number = 2
    if size != "1" and rng.random() < SHARE_PARTNER_KNOWN:
        yield _partner(maker, home, shopper, rng)
    age = (MIDDLE_OF_YEAR - shopper.birth_date).days // 365
    if size in {"3", "4", "5+"} and age >= 40 and rng.random() < SHARE_CHILD_KNOWN:
        born = _born(18, min(age - 20, 30), rng)
        for _ in range(2 if rng.random() < SHARE_TWIN_CHILDREN else 1):
            number += 1
            yield maker.person(home, number, rng, born, last_name=shopper.last_name)
    if rng.random() < SHARE_NAMESAKE_PARENT:
        yield _namesake(maker, home, shopper, rng)
    if rng.random() < SHARE_TWIN_SISTER_OR_BROTHER:
        yield maker.person(home, 9, rng, shopper.birth_date, last_name=shopper.last_name)


def _partner(maker: PersonMaker, home: Home, shopper: Person, rng: Random) -> Person:
    born = shopper.birth_date + timedelta(days=rng.randrange(-2200, 2200))
    return maker.person(
        home,
        2,
        rng,
        min(born, _born(19, 19, rng)),
        gender="male" if shopper.gender == "female" else "female",
        last_name=shopper.last_name if rng.random() < 0.85 else None,
        email=shopper.email if rng.random() < SHARE_SHARED_EMAIL else None,
    )


def _namesake(maker: PersonMaker, home: Home, shopper: Person, rng: Random) -> Person:
    """A parent with the same name at the same address: the same only at first sight."""
    return maker.person(
        home,
        8,
        rng,
        shopper.birth_date - timedelta(days=rng.randrange(8000, 11000)),
        gender=shopper.gender,
        first_name=shopper.first_name,
        last_name=shopper.last_name,
    )


def _online_only(maker: PersonMaker, count_households: int, seed: int) -> Iterator[Person]:
    for number in range(1, max(2, round(count_households * ONLINE_ONLY_PER_HOUSEHOLD)) + 1):
        rng = dice(seed, f"online {number}")
        home = maker.home(f"online{number}", rng)
        yield maker.person(home, 1, rng, _born(*AGE_BANDS[_drawn(AGE_WEIGHTS, rng)], rng))


def _born(youngest: int, oldest: int, rng: Random) -> date:
    days = rng.randrange(youngest * 365 + 5, (max(oldest, youngest) + 1) * 365)
    return MIDDLE_OF_YEAR - timedelta(days=days)
