"""Rows with a day of arrival become one file a run date, with broken rows planted in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from alluvium.demo.batch import Batch, Batches
from alluvium.demo.breakage import Breakage, Form, plant
from alluvium.demo.days import run_date_of
from alluvium.demo.dice import dice

T = TypeVar("T")


@dataclass(frozen=True)
class Entity(Generic[T]):
    """How one entity is delivered: its file, the form of its items, what breaks, and how it is written."""

    source: str
    entity: str
    file: str
    form: Form[T]
    breakage: Breakage
    write: Callable[[list[T]], bytes]


def daily(entity: Entity[T], arrivals: Iterable[tuple[date, T]], seed: int, last_day: date) -> Batches:
    """One batch for each run date up to last_day on which anything arrived; items keep their order."""
    by_day: dict[date, list[T]] = defaultdict(list)
    for arrived_on, item in arrivals:
        by_day[run_date_of(arrived_on)].append(item)
    for run_date, items in sorted(by_day.items()):
        if run_date <= last_day:
            rng = dice(seed, f"broken {entity.source} {entity.entity} {run_date}")
            mixed, counts = plant(items, entity.form, entity.breakage, run_date, rng)
            files = ((entity.file, entity.write(mixed)),)
            yield Batch(entity.source, entity.entity, run_date, files, counts)
