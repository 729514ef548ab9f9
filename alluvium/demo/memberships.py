"""Which systems know a person, since when, and what changes in the nights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from alluvium.demo.days import HISTORY_DAY, LAST_DAY, nights
from alluvium.demo.dice import dice
from alluvium.demo.people import Person
from alluvium.demo.population import Population

SHOPPER_IN_LOYALTY = 0.82
SHOPPER_IN_CRM = 0.65
SHOPPER_IN_SHOP = 0.42
RELATIVE_IN_CRM = 0.62
RELATIVE_IN_SHOP = 0.45
ONLINE_ONLY_IN_CRM = 0.30

SHARE_NEW_IN_NIGHTS = 0.17
SHARE_CORRECTED_IN_NIGHTS = 0.16
SHARE_REGISTERED_IN_NIGHTS = 0.07
SHARE_LINKED_IN_NIGHTS = 0.20
OLDEST_RECORD_DAYS = 1300


@dataclass(frozen=True)
class Membership:
    """One person's records, by the day on which each system first had one (None: never).

    A *_changed_on lies in the nights. card_in_crm_from is the day from which the CRM contact names the card:
    until that night the contact and the till's customer cannot be told to be one person.
    """

    person: Person
    crm_since: date | None = None
    shop_since: date | None = None
    loyalty_since: date | None = None
    loyalty_registered_on: date | None = None
    crm_changed_on: date | None = None
    shop_changed_on: date | None = None
    loyalty_changed_on: date | None = None
    card_in_crm_from: date | None = None
    is_card_in_shop: bool = False

    @property
    def has_contact(self) -> bool:
        """Whether any system knows more than a card number."""
        return any((self.crm_since, self.shop_since, self.loyalty_since))

    @property
    def since(self) -> date:
        """The first day on which any system had a record."""
        return min(day for day in (self.crm_since, self.shop_since, self.loyalty_since) if day is not None)


def memberships(population: Population, seed: int) -> list[Membership]:
    """One for every person, in the population's order."""
    made = [_shopper(person, dice(seed, f"member {person.person_id}")) for person in population.shoppers]
    for person in population.relatives:
        rng = dice(seed, f"member {person.person_id}")
        made.append(_without_card(person, RELATIVE_IN_CRM, RELATIVE_IN_SHOP, rng))
    for person in population.online_only:
        rng = dice(seed, f"member {person.person_id}")
        made.append(_without_card(person, ONLINE_ONLY_IN_CRM, 1.0, rng))
    return list(_linked_late(made, seed))


def _shopper(person: Person, rng: Random) -> Membership:
    in_loyalty = rng.random() < SHOPPER_IN_LOYALTY
    in_crm, in_shop = rng.random() < SHOPPER_IN_CRM, rng.random() < SHOPPER_IN_SHOP
    crm_names_card = in_crm and rng.random() < (0.35 if in_loyalty else 0.85)
    shop_names_card = in_shop and rng.random() < (0.50 if in_loyalty else 0.85)
    if not in_loyalty and not crm_names_card and not shop_names_card:
        crm_names_card, shop_names_card = in_crm, in_shop
    member = _with_changes(
        Membership(
            person,
            crm_since=_since(person, rng) if in_crm else None,
            shop_since=_since(person, rng) if in_shop else None,
            loyalty_since=_enrolled_on(person, rng) if in_loyalty else None,
            card_in_crm_from=date.min if crm_names_card else None,
            is_card_in_shop=shop_names_card,
        ),
        rng,
    )
    is_known_otherwise = crm_names_card or shop_names_card
    if in_loyalty and is_known_otherwise and rng.random() < SHARE_REGISTERED_IN_NIGHTS:
        return replace(member, loyalty_registered_on=_a_night(rng))
    return member


def _without_card(person: Person, in_crm: float, in_shop: float, rng: Random) -> Membership:
    member = Membership(
        person,
        crm_since=_since(person, rng) if rng.random() < in_crm else None,
        shop_since=_since(person, rng) if rng.random() < in_shop else None,
    )
    return _with_changes(member, rng)


def _linked_late(members: list[Membership], seed: int) -> Iterator[Membership]:
    """Let some contacts name their card only in a night: two in each of the first nights, then a few."""
    rng = dice(seed, "linked late")
    only_crm = [
        number
        for number, member in enumerate(members)
        if member.person.card and _is_before(member.crm_since, HISTORY_DAY)
        and member.loyalty_since is None and member.shop_since is None
    ]  # fmt: skip
    chosen = rng.sample(only_crm, round(len(only_crm) * SHARE_LINKED_IN_NIGHTS))
    calendar = nights()
    first = [calendar[0], calendar[0], calendar[1], calendar[1]]
    days = [*first, *sorted(rng.choice(calendar[2:]) for _ in chosen)]
    linked_on = dict(zip(chosen, days, strict=False))
    for number, member in enumerate(members):
        day = linked_on.get(number)
        yield member if day is None else replace(member, crm_changed_on=day, card_in_crm_from=day)


def _is_before(day: date | None, other: date) -> bool:
    return day is not None and day <= other


def _since(person: Person, rng: Random) -> date:
    """New customers are entered when they first shop; of the others, some become known in the nights."""
    if person.known_from > HISTORY_DAY:
        return min(person.known_from + timedelta(days=rng.randrange(3)), LAST_DAY)
    if rng.random() < SHARE_NEW_IN_NIGHTS:
        return _a_night(rng)
    return HISTORY_DAY - timedelta(days=rng.randrange(OLDEST_RECORD_DAYS))


def _enrolled_on(person: Person, rng: Random) -> date:
    """Who shops in the first weeks of the data has long had the card; others get it when they first shop."""
    if person.known_from <= date(2017, 2, 28):
        return date(2016, 12, 31) - timedelta(days=rng.randrange(1500))
    return person.known_from


def _with_changes(member: Membership, rng: Random) -> Membership:
    return replace(
        member,
        crm_changed_on=_changed_on(member.person, member.crm_since, 0.8, rng),
        shop_changed_on=_changed_on(member.person, member.shop_since, 0.5, rng),
        loyalty_changed_on=_changed_on(member.person, member.loyalty_since, 0.3, rng),
    )


def _changed_on(person: Person, since: date | None, share_told: float, rng: Random) -> date | None:
    """A night in which the record changes: the person moved and told it, or it was put right."""
    if since is None:
        return None
    day = None
    if person.moved_on is not None and person.moved_on > HISTORY_DAY:
        if rng.random() < share_told:
            day = person.moved_on + timedelta(days=rng.randrange(6))
    elif rng.random() < SHARE_CORRECTED_IN_NIGHTS:
        day = _a_night(rng)
    return day if day is not None and since < day <= LAST_DAY else None


def _a_night(rng: Random) -> date:
    return HISTORY_DAY + timedelta(days=rng.randrange(1, (LAST_DAY - HISTORY_DAY).days + 1))
