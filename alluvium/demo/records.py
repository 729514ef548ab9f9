"""What the three systems with contact details share: versions of a record, and when they change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from random import Random

from alluvium.demo.breakage import Row
from alluvium.demo.days import HISTORY_DAY, utc_at
from alluvium.demo.people import Person
from alluvium.demo.typed import Rates, Typed, typed

OPENING_SECOND, CLOSING_SECOND = 8 * 3600, 21 * 3600


@dataclass(frozen=True)
class Version:
    """A record as its system held it from one day on. Grain: source id and arrival."""

    person_id: str
    source_id: str
    arrived_on: date
    row: Row
    details: Typed


def changed(person: Person, before: Typed, day: date, rates: Rates, rng: Random) -> Typed:
    """The new address of somebody who moved; for others one detail typed anew."""
    careful = replace(rates, stale_address=0.0, missing_address=0.0, placeholder=0.0)
    after = typed(person, day, careful, rng)
    if person.moved_on is not None and HISTORY_DAY < person.moved_on <= day:
        return replace(
            before, street=after.street, city=after.city, state=after.state, postal_code=after.postal_code
        )
    if rng.random() < 0.4 and after.email is not None:
        return replace(before, email=after.email)
    if rng.random() < 0.5 and after.phone is not None:
        return replace(before, phone=after.phone)
    return replace(before, first_name=after.first_name, last_name=after.last_name)


def moment(day: date, rng: Random) -> datetime:
    """A moment of a local day at which people are at work, in UTC."""
    return utc_at(day, rng.randrange(OPENING_SECOND, CLOSING_SECOND))


def last_change_in_history(since: date, rng: Random) -> date:
    """Some day between the first entry and the end of the history."""
    return since + (HISTORY_DAY - since) * rng.random() if since < HISTORY_DAY else since


def arrivals(versions: Iterable[Version], closed: Callable[[Row], str]) -> Iterator[tuple[date, str]]:
    """Arrival day and line of each version, in the order of the (meaningless) ids."""
    for version in sorted(versions, key=lambda version: version.source_id):
        yield version.arrived_on, closed(version.row)
