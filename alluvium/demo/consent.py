"""consent/preferences: choices made in the preference centre, over time. JSON lines.

Most people have made choices, some have not, some changed their mind; some choices arrive a few days late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from alluvium.demo.batch import Batches, text
from alluvium.demo.breakage import Amounts, Breakage, Row, json_lines, put, to_json
from alluvium.demo.daily import Entity, daily
from alluvium.demo.days import HISTORY_DAY, LAST_DAY, iso, nights
from alluvium.demo.dice import dice, opaque_ids
from alluvium.demo.memberships import Membership
from alluvium.demo.records import last_change_in_history, moment

GRANTED, DENIED, REVOKED = "granted", "denied", "revoked"
# How likely somebody agrees when first asked; FOLLOWS_ADS are nearly always answered like marketing_ads.
AGREES = {
    "marketing_email": 0.66,
    "marketing_ads": 0.50,
    "personalisation": 0.82,
    "analytics": 0.90,
    "profiling": 0.80,
    "third_party_sharing": 0.15,
}
FOLLOWS_ADS = ("ad_user_data", "ad_personalization")

SHARE_ASKED = 0.85
SHARE_ASKED_WITHOUT_OTHER_RECORDS = 0.60
SHARE_TWO_SUBJECTS = 0.03
SHARE_ASKED_FOR_EVERYTHING = 0.75
SHARE_CHANGED_IN_HISTORY = 0.10
SHARE_CHANGED_IN_NIGHTS = 0.14
SHARE_LATE = 0.06
SHARE_BY_UNSUBSCRIBING = 0.5

BREAKAGE = Breakage(
    amounts=Amounts(broken=(40, 2), duplicates=(20, 1)),
    rekey=lambda row, number: row.update(preferenceId=f"x-{number}"),
    spoils=(
        put("status", "maybe"),
        put("purpose", "marketing"),
        put("changedAt", "last Tuesday"),
        put("changedAt", "2031-01-01T00:00:00Z"),
        put("subjectId", None),
    ),
    is_cut_off=True,
)
ENTITY = Entity("consent", "preferences", "preferences.json", json_lines(), BREAKAGE, text)


@dataclass(frozen=True)
class Choice:
    """One answer to one question. Grain: subject, purpose and time."""

    person_id: str
    subject_id: str
    purpose: str
    status: str
    changed_at: datetime
    arrived_on: date
    is_by_unsubscribing: bool
    email: str | None
    phone: str | None


def choices(members: Iterable[Membership], seed: int) -> list[Choice]:
    """Everybody's answers, in the order of time."""
    rng = dice(seed, "consent")
    asked = [member for member in members if rng.random() < _share_asked(member)]
    asked += [member for member in asked if rng.random() < SHARE_TWO_SUBJECTS]
    ids = opaque_ids(rng, len(asked), "s-")
    made = [choice for member, name in zip(asked, ids, strict=True) for choice in _answers(member, name, rng)]
    return sorted(made, key=lambda choice: (choice.changed_at, choice.subject_id, choice.purpose))


def preference_batches(made: Iterable[Choice], seed: int, last_day: date) -> Batches:
    """All choices of the history in one file, then those of each day."""
    lines = ((arrived_on, to_json(row)) for arrived_on, row in rows(made))
    yield from daily(ENTITY, lines, seed, last_day)


def rows(made: Iterable[Choice]) -> Iterator[tuple[date, Row]]:
    """Arrival day and row as delivered."""
    for number, choice in enumerate(made):
        yield (
            choice.arrived_on,
            {
                "preferenceId": f"pc-{number:06d}",
                "subjectId": choice.subject_id,
                "email": choice.email,
                "phone": choice.phone,
                "purpose": choice.purpose,
                "status": choice.status,
                "changedAt": iso(choice.changed_at),
                "policyVersion": "2" if choice.changed_at.year >= 2017 else "1",
                "provenance": "synthetic",
            },
        )


def _share_asked(member: Membership) -> float:
    if member.has_contact:
        return SHARE_ASKED
    return 0.0 if member.person.card else SHARE_ASKED_WITHOUT_OTHER_RECORDS


def _answers(member: Membership, subject_id: str, rng: Random) -> Iterator[Choice]:
    person = member.person
    since = member.since if member.has_contact else HISTORY_DAY - timedelta(days=rng.randrange(900))
    email = person.email if rng.random() < 0.95 else None
    phone = f"+1{person.phone}" if email is None or rng.random() < 0.4 else None

    def choice(purpose: str, status: str, at: datetime, arrived_on: date) -> Choice:
        by_mail = purpose == "marketing_email" and status == REVOKED
        is_by_unsubscribing = by_mail and rng.random() < SHARE_BY_UNSUBSCRIBING
        return Choice(
            person.person_id, subject_id, purpose, status, at, arrived_on, is_by_unsubscribing, email, phone
        )

    answers = _first_answers(rng)
    asked_at = moment(since, rng)
    for purpose, status in answers.items():
        yield choice(purpose, status, asked_at, since)
    for day in _days_of_change(since, rng):
        changed_at = moment(day, rng)
        arrived_on = day + timedelta(days=rng.randrange(1, 4) if rng.random() < SHARE_LATE else 0)
        for purpose in rng.sample(list(answers), min(len(answers), rng.randrange(1, 4))):
            answers[purpose] = REVOKED if answers[purpose] == GRANTED else GRANTED
            yield choice(purpose, answers[purpose], changed_at, arrived_on)


def _first_answers(rng: Random) -> dict[str, str]:
    def answer(share: float) -> str:
        return GRANTED if rng.random() < share else DENIED

    answers = {purpose: answer(share) for purpose, share in AGREES.items()}
    for purpose in FOLLOWS_ADS:
        answers[purpose] = answer(0.94 if answers["marketing_ads"] == GRANTED else 0.10)
    if rng.random() < SHARE_ASKED_FOR_EVERYTHING:
        return answers
    return {purpose: answers[purpose] for purpose in ("marketing_email", "marketing_ads")}


def _days_of_change(since: date, rng: Random) -> list[date]:
    days = []
    if rng.random() < SHARE_CHANGED_IN_HISTORY and since < HISTORY_DAY:
        days.append(last_change_in_history(since, rng))
    if rng.random() < SHARE_CHANGED_IN_NIGHTS:
        days.append(rng.choice(nights()))
    return [day for day in days if since < day <= LAST_DAY]
