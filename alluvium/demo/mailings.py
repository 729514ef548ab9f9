"""email/events: what the e-mail platform saw of the real campaigns' mails to their real recipients. Avro.

A campaign's mail goes out on its first day and then every week (the largest kind every two weeks).
Who opens is a matter of the person, never of what they buy later.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import fastavro

from alluvium.demo.batch import Batches
from alluvium.demo.breakage import Amounts, Breakage, Row, put, typed_rows
from alluvium.demo.consent import GRANTED, Choice
from alluvium.demo.daily import Entity, daily
from alluvium.demo.days import LAST_DAY, utc_at
from alluvium.demo.dice import dice, opaque_ids
from alluvium.demo.journey import Journey
from alluvium.demo.memberships import Membership

DAYS_BETWEEN_MAILS = {"Type A": 14, "Type B": 7, "Type C": 7}
SENT_AT_SECOND = 10 * 3600
SHARE_SUBSCRIBED = 0.92
SHARE_BOUNCING = 0.02
SHARE_MARKED_AS_SPAM = 0.0008
SHARE_LATE = 0.03

SCHEMA = fastavro.parse_schema(
    {
        "type": "record",
        "name": "EmailEvent",
        "namespace": "alluvium.demo",
        "fields": [
            {"name": name, "type": ["null", kind]}
            for name, kind in {
                "event_id": "string",
                "event": "string",
                "subscriber_id": "string",
                "email": "string",
                "campaign_id": "int",
                "link_url": "string",
                "occurred_at": {"type": "long", "logicalType": "timestamp-micros"},
                "provenance": "string",
            }.items()
        ],
    }
)

BREAKAGE = Breakage(
    amounts=Amounts(broken=(40, 2), duplicates=(30, 2)),
    rekey=lambda row, number: row.update(event_id=f"x-{number}"),
    spoils=(
        put("event", "Email Exploded"),
        put("occurred_at", utc_at(date(2031, 1, 1), 0)),
        put("subscriber_id", None),
        put("email", None),
    ),
)


def avro(events: Sequence[Row]) -> bytes:
    """An Avro container; the sync marker is fixed, so that the same events are the same file."""
    buffer = io.BytesIO()
    fastavro.writer(buffer, SCHEMA, events, codec="deflate", sync_marker=b"alluvium-demo-01")
    return buffer.getvalue()


ENTITY = Entity("email", "events", "events.avro", typed_rows(), BREAKAGE, avro)


@dataclass(frozen=True)
class Subscriber:
    """A person on the e-mail platform, with habits of their own."""

    person_id: str
    subscriber_id: str
    card: str
    email: str
    since: date
    share_opened: float
    share_clicked: float
    is_bouncing: bool


@dataclass(frozen=True)
class MailEvent:
    """One thing that happened to one mail."""

    subscriber: Subscriber
    event: str
    campaign_id: int | None
    occurred_at: datetime
    arrived_on: date
    link_url: str | None = None


def subscribers(members: Iterable[Membership], seed: int) -> list[Subscriber]:
    """Shoppers whom the company can write to."""
    rng = dice(seed, "subscribers")
    known = [m for m in members if m.person.card and m.has_contact and rng.random() < SHARE_SUBSCRIBED]
    ids = opaque_ids(rng, len(known), "sub-")
    return [
        Subscriber(
            person_id=member.person.person_id,
            subscriber_id=name,
            card=member.person.card or "",
            email=member.person.email,
            since=member.since,
            share_opened=rng.betavariate(1.2, 2.2),
            share_clicked=rng.betavariate(1.0, 5.0),
            is_bouncing=rng.random() < SHARE_BOUNCING,
        )
        for member, name in zip(known, ids, strict=True)
    ]


def mail_events(
    journey: Journey, people: Sequence[Subscriber], made: Iterable[Choice], seed: int
) -> list[MailEvent]:
    """All events of all mails, and unsubscribing, in the order of time."""
    rng = dice(seed, "mailings")
    answers = _answers_about_email(made)
    by_card = {subscriber.card: subscriber for subscriber in people}
    events = [event for subscriber in people for event in _unsubscribed(subscriber, answers, rng)]
    for campaign in journey.campaigns.iter_rows(named=True):
        subscriber = by_card.get(str(campaign["household_id"]))
        if subscriber is not None:
            events.extend(_campaign(subscriber, campaign, answers.get(subscriber.person_id, []), rng))
    return sorted(
        events, key=lambda e: (e.occurred_at, e.subscriber.subscriber_id, e.event, e.campaign_id or 0)
    )


def event_batches(events: Iterable[MailEvent], seed: int, last_day: date) -> Batches:
    """All events of the history in one file, then those of each day."""
    yield from daily(ENTITY, rows(events), seed, last_day)


def rows(events: Iterable[MailEvent]) -> Iterator[tuple[date, Row]]:
    """Arrival day and row as delivered."""
    for number, event in enumerate(events):
        yield (
            event.arrived_on,
            {
                "event_id": f"em-{number:07d}",
                "event": event.event,
                "subscriber_id": event.subscriber.subscriber_id,
                "email": event.subscriber.email,
                "campaign_id": event.campaign_id,
                "link_url": event.link_url,
                "occurred_at": event.occurred_at,
                "provenance": "derived" if event.campaign_id is not None else "synthetic",
            },
        )


def _answers_about_email(made: Iterable[Choice]) -> dict[str, list[Choice]]:
    answers: dict[str, list[Choice]] = defaultdict(list)
    for choice in made:
        if choice.purpose == "marketing_email":
            answers[choice.person_id].append(choice)
    return answers


def _may_write(answers: Sequence[Choice], moment: datetime) -> bool:
    """The last answer before the moment; who was never asked is written to, as the shop did in those days."""
    earlier = [choice for choice in answers if choice.changed_at <= moment]
    return not earlier or earlier[-1].status == GRANTED


def _unsubscribed(
    subscriber: Subscriber, answers: dict[str, list[Choice]], rng: Random
) -> Iterator[MailEvent]:
    for choice in answers.get(subscriber.person_id, []):
        if choice.is_by_unsubscribing and choice.changed_at.year == 2017:
            moment = choice.changed_at - timedelta(seconds=rng.randrange(5, 90))
            yield MailEvent(subscriber, "Unsubscribed", None, moment, choice.arrived_on)


def _campaign(
    subscriber: Subscriber, campaign: dict[str, Any], answers: Sequence[Choice], rng: Random
) -> Iterator[MailEvent]:
    every = timedelta(days=DAYS_BETWEEN_MAILS[campaign["campaign_type"]])
    day = campaign["start_date"].date()
    while day <= min(campaign["end_date"].date(), LAST_DAY):
        sent_at = utc_at(day, SENT_AT_SECOND + rng.randrange(1800))
        if day.year == 2017 and day >= subscriber.since and _may_write(answers, sent_at):
            yield from _mail(subscriber, campaign["campaign_id"], day, sent_at, rng)
        day += every


def _mail(
    subscriber: Subscriber, campaign_id: int, day: date, sent_at: datetime, rng: Random
) -> Iterator[MailEvent]:
    if subscriber.is_bouncing:
        yield MailEvent(subscriber, "Email Bounced", campaign_id, sent_at + timedelta(seconds=20), day)
        return
    yield MailEvent(subscriber, "Email Delivered", campaign_id, sent_at, day)
    if rng.random() < SHARE_MARKED_AS_SPAM:
        yield MailEvent(subscriber, "Email Marked as Spam", campaign_id, sent_at + timedelta(hours=2), day)
    if rng.random() < subscriber.share_opened:
        yield from _opened(subscriber, campaign_id, day, rng)


def _opened(subscriber: Subscriber, campaign_id: int, sent_on: date, rng: Random) -> Iterator[MailEvent]:
    days_later = min(int(rng.expovariate(1 / 0.8)), 6)
    opened_on = sent_on + timedelta(days=days_later)
    opened_at = utc_at(opened_on, rng.randrange(11 * 3600, 22 * 3600))
    arrived_on = opened_on + timedelta(days=rng.randrange(1, 4) if rng.random() < SHARE_LATE else 0)
    yield MailEvent(subscriber, "Email Opened", campaign_id, opened_at, arrived_on)
    if rng.random() < subscriber.share_clicked:
        link = f"https://shop.example.com/campaign/{campaign_id}"
        clicked_at = opened_at + timedelta(seconds=rng.randrange(5, 600))
        yield MailEvent(subscriber, "Email Link Clicked", campaign_id, clicked_at, arrived_on, link)
