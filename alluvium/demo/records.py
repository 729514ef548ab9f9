"""What the three systems with contact details share: versions of a record, and how they become batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from random import Random

from alluvium.demo.batch import Batch, Batches, text
from alluvium.demo.breakage import Breakage, Form, Row, plant
from alluvium.demo.days import HISTORY_DAY, run_date_of, utc_at
from alluvium.demo.dice import dice
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


def batches(
    source: str,
    entity: str,
    versions: Iterable[Version],
    form: Form[str],
    breakage: Breakage,
    seed: int,
    last_day: date,
    header: str | None = None,
) -> Batches:
    """One file a run date; in the history each record once, as it was at its end."""
    by_day: dict[date, list[str]] = defaultdict(list)
    for version in sorted(versions, key=lambda version: version.source_id):
        by_day[run_date_of(version.arrived_on)].append(form.closed(version.row))
    name = f"{entity}.{'json' if header is None else 'csv'}"
    for run_date, lines in sorted(by_day.items()):
        if run_date <= last_day:
            rng = dice(seed, f"broken {source} {entity} {run_date}")
            mixed, counts = plant(lines, form, breakage, run_date, rng)
            yield Batch(source, entity, run_date, ((name, text(mixed, header)),), counts)
