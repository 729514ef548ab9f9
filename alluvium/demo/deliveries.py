"""The whole demo: every source's batches, and which record is whose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from alluvium.demo import consent, crm, loyalty, mailings, marketing, shop, till, web
from alluvium.demo.batch import Batches
from alluvium.demo.consent import Choice
from alluvium.demo.devices import Web, everybody_on_the_web
from alluvium.demo.goods import goods
from alluvium.demo.journey import Journey
from alluvium.demo.mailings import MailEvent
from alluvium.demo.memberships import memberships
from alluvium.demo.population import Population, populate
from alluvium.demo.records import Version
from alluvium.demo.truth import Record
from alluvium.demo.web import Traffic


@dataclass(frozen=True)
class World:
    """Real shopping, and everything that was invented on top of it, for the whole year."""

    seed: int
    journey: Journey
    population: Population
    contacts: list[Version]
    shop_accounts: list[Version]
    cards: list[Version]
    choices: list[Choice]
    mail_events: list[MailEvent]
    web: Web
    traffic: Traffic


def invent(journey: Journey, seed: int) -> World:
    """Make everything up; nothing is written."""
    population = populate(journey, seed)
    members = memberships(population, seed)
    shop_accounts = shop.accounts(members, seed)
    choices = consent.choices(members, seed)
    people = {person.person_id: person for person in population.everybody}
    on_the_web = everybody_on_the_web(people, shop_accounts, choices, len(journey.households), seed)
    return World(
        seed=seed,
        journey=journey,
        population=population,
        contacts=crm.contacts(members, seed),
        shop_accounts=shop_accounts,
        cards=loyalty.memberships_on_file(members, seed),
        choices=choices,
        mail_events=mailings.mail_events(journey, mailings.subscribers(members, seed), choices, seed),
        web=on_the_web,
        traffic=web.traffic(on_the_web, goods(journey), seed),
    )


def sources(world: World, last_day: date) -> dict[str, Batches]:
    """Every entity's batches by its name, made while they are read; the largest first."""
    seed, journey = world.seed, world.journey
    return {
        "pos/order_lines": till.order_lines(journey, seed, last_day),
        "web/events": web.event_batches(world.traffic, seed, last_day),
        "pos/products": till.products(journey, seed, last_day),
        "marketing/coupons": marketing.coupons(journey, seed),
        "marketing/campaigns": marketing.campaigns(journey, seed, last_day),
        "marketing/redemptions": marketing.redemptions(journey, seed, last_day),
        "thirdparty/demographics": marketing.demographics(journey, seed),
        "crm/contacts": crm.contact_batches(world.contacts, seed, last_day),
        "shop/accounts": shop.account_batches(world.shop_accounts, seed, last_day),
        "loyalty/accounts": loyalty.account_batches(world.cards, seed, last_day),
        "email/events": mailings.event_batches(world.mail_events, seed, last_day),
        "consent/preferences": consent.preference_batches(world.choices, seed, last_day),
    }


def truth_of(world: World, last_day: date) -> Iterator[Record]:
    """Every record delivered by last_day, and whose it is; shared devices and bots are left out."""
    for person in world.population.shoppers:
        if person.known_from <= last_day:
            yield "pos", person.card or "", person.person_id
    versions = {"crm": world.contacts, "shop": world.shop_accounts, "loyalty": world.cards}
    for source, made in versions.items():
        yield from ((source, one.source_id, one.person_id) for one in made if one.arrived_on <= last_day)
    for choice in world.choices:
        if choice.arrived_on <= last_day:
            yield "consent", choice.subject_id, choice.person_id
    for event in world.mail_events:
        if event.arrived_on <= last_day:
            yield "email", event.subscriber.subscriber_id, event.subscriber.person_id
    for anonymous_id, person_id in web.devices_seen(world.traffic, world.web, last_day):
        yield "web", anonymous_id, person_id
