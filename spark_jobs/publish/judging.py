"""What becomes of each person of a delivery: consent, suppression, holdout, then the row.

Pure work on one batch after the other, so that two processes can share it. Normalising a person costs some
50 microseconds, most of it the telephone number; everything else of an export is quick beside it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import get_context
from typing import Any, NamedTuple

import pyarrow as pa

from spark_jobs.publish.holdout import is_held_out
from spark_jobs.publish.people import NO_IDENTIFIER, RECORD, identifiers, make_row
from spark_jobs.publish.plan import Platform
from spark_jobs.publish.suppression import Suppressed

USABLE, NOT_MEMBER, WITHOUT_CONSENT = "usable", "not_member", "without_consent"
SUPPRESSED, HELD_OUT, UNIDENTIFIED = "suppressed", "held_out", "unidentified"
# Below this a second process costs more than it saves.
BATCHES_WORTH_A_PROCESS = 10
WORKERS = 2


@dataclass(frozen=True)
class Criteria:
    """What a judgement depends on; `platforms` and `holdouts` by segment and platform, by segment."""

    platforms: Mapping[tuple[str, str], Platform]
    holdouts: Mapping[str, float]
    suppressed: Suppressed


class Judged(NamedTuple):
    """One person of one delivery. `cells` by field; they are there for who goes out and who is taken back."""

    segment: str
    platform: str
    customer_id: str
    verdict: str
    cells: dict[str, str]
    rejects: list[tuple[str, str]]
    entered_at: int | None
    written_left_at: int | None
    former_purpose: str | None
    former_version: str | None


def _verdict(person: Mapping[str, Any], criteria: Criteria) -> str:
    if not person["is_member"]:
        return NOT_MEMBER
    if not person["is_consented"]:
        return WITHOUT_CONSENT
    if criteria.suppressed.has(person):
        return SUPPRESSED
    share = criteria.holdouts.get(person["segment"], 0)
    return HELD_OUT if is_held_out(person["segment"], person["customer_id"], share) else USABLE


def judge(person: Mapping[str, Any], criteria: Criteria) -> Judged:
    """The verdict on one person, with the row that goes out or takes back."""
    segment, name = person["segment"], person["platform"]
    platform, verdict = criteria.platforms[segment, name], _verdict(person, criteria)
    cells: dict[str, str] = {}
    rejects: list[tuple[str, str]] = []
    if verdict in (USABLE, HELD_OUT):  # Who could not be reached is in neither group of an experiment.
        refused = frozenset(kind for kind in ("email", "phone") if person[f"{kind}_is_refused"])
        row = make_row(name, platform, person, refused)
        cells, rejects = row.cells, row.rejects
        if not identifiers(platform, cells):
            verdict, rejects = UNIDENTIFIED, [*rejects, (RECORD, NO_IDENTIFIER)]
        elif verdict == HELD_OUT:
            cells, rejects = {}, []
    if verdict != USABLE and person["entered_at"] is not None:
        cells = make_row(name, platform, person).cells
    return Judged(
        segment, name, person["customer_id"], verdict, cells, rejects,
        person["entered_at"], person["written_left_at"], person["former_purpose"], person["former_version"],
    )  # fmt: skip


def _judge_batch(batch: pa.RecordBatch, criteria: Criteria) -> list[Judged]:
    return [judge(person, criteria) for person in batch.to_pylist()]


_criteria: Criteria | None = None


def _remember(criteria: Criteria) -> None:
    global _criteria
    _criteria = criteria


def _judge_there(batch: pa.RecordBatch) -> list[Judged]:
    assert _criteria is not None
    return _judge_batch(batch, _criteria)


def judged(batches: Iterator[pa.RecordBatch], criteria: Criteria) -> Iterator[Judged]:
    """Everybody in the order of the batches; many batches are shared between two processes."""
    first = list(islice(batches, BATCHES_WORTH_A_PROCESS))
    if len(first) < BATCHES_WORTH_A_PROCESS:
        for batch in first:
            yield from _judge_batch(batch, criteria)
        return
    # Spawned, not forked: threads of DuckDB and Arrow do not survive a fork.
    with ProcessPoolExecutor(WORKERS, get_context("spawn"), _remember, (criteria,)) as workers:
        waiting: deque[Future[list[Judged]]] = deque()
        for batch in chain(first, batches):
            waiting.append(workers.submit(_judge_there, batch))
            if len(waiting) > 2 * WORKERS:  # So that memory holds a few batches, not all.
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
