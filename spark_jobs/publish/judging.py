"""What becomes of the people of a delivery: consent, suppression, holdout, then their rows.

Pure work on one batch after the other, column by column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl
import pyarrow as pa

from spark_jobs.publish.holdout import is_held_out
from spark_jobs.publish.people import (
    CONTACT_COLUMNS,
    NO_IDENTIFIER,
    RECORD,
    REFUSED_BY_ANOTHER,
    SHARED,
    Rows,
    fields_of,
    make_rows,
)
from spark_jobs.publish.plan import Platform
from spark_jobs.publish.suppression import Suppressed

USABLE, NOT_MEMBER, WITHOUT_CONSENT = "usable", "not_member", "without_consent"
SUPPRESSED, HELD_OUT, UNIDENTIFIED = "suppressed", "held_out", "unidentified"
STAY = ("customer_id", "entered_at", "written_left_at", "former_purpose", "former_version")


@dataclass(frozen=True)
class Criteria:
    """What a judgement depends on; `platforms` and `holdouts` by segment and platform, by segment."""

    platforms: Mapping[tuple[str, str], Platform]
    holdouts: Mapping[str, float]
    suppressed: Suppressed


class Judged(NamedTuple):
    """People of one delivery, one row each: STAY, `verdict`, and a cell per field.

    Cells are there for who goes out and who is taken back. `rejects` are (row, field, reason) in order.
    """

    segment: str
    platform: str
    people: pl.DataFrame
    rejects: list[tuple[int, str, str]]


def _verdicts(people: pl.DataFrame, segment: str, criteria: Criteria) -> pl.Series:
    """What is known before anybody's address is looked at."""
    verdicts = people.select(
        verdict=pl.when(~pl.col("is_member"))
        .then(pl.lit(NOT_MEMBER))
        .when(~pl.col("is_consented"))
        .then(pl.lit(WITHOUT_CONSENT))
        .otherwise(pl.lit(USABLE))
    ).to_series()
    asked = people.filter(verdicts == USABLE)
    is_suppressed = criteria.suppressed.among(asked)
    share = criteria.holdouts.get(segment, 0)
    held = [share > 0 and is_held_out(segment, one, share) for one in asked["customer_id"]]
    kept = pl.select(
        pl.when(is_suppressed)
        .then(pl.lit(SUPPRESSED))
        .when(pl.Series(held, dtype=pl.Boolean))
        .then(pl.lit(HELD_OUT))
        .otherwise(pl.lit(USABLE))
    ).to_series()
    return verdicts.scatter((verdicts == USABLE).arg_true(), kept)


# Who could not be reached is in neither group of an experiment.
_IS_REACHABLE = pl.col("verdict").is_in([USABLE, HELD_OUT])
_WAS_THERE = pl.col("entered_at").is_not_null()


def _rows(people: pl.DataFrame, platform_name: str, platform: Platform) -> Rows:
    """Rows of who may go out or is taken back; of the others nothing is read."""
    contacts = pl.when(_IS_REACHABLE | _WAS_THERE).then(pl.col(CONTACT_COLUMNS)).name.keep()
    return make_rows(platform_name, platform, people.select(contacts))


def judge(people: pl.DataFrame, segment: str, platform_name: str, criteria: Criteria) -> Judged:
    """The verdict on each, with the row that goes out or takes back.

    What somebody refused who shares the address stays out: the stricter choice wins.
    """
    platform = criteria.platforms[segment, platform_name]
    people = people.with_columns(_verdicts(people, segment, criteria))
    rows, fields = _rows(people, platform_name, platform), fields_of(platform)
    refused = {
        name: people.select(_IS_REACHABLE & pl.col(f"{name}_is_refused")).to_series()
        for name in SHARED
        if name in fields
    }
    allowed = rows.cells.with_columns(
        pl.when(~is_refused).then(pl.col(name)).alias(name) for name, is_refused in refused.items()
    )
    is_known = allowed.select(pl.any_horizontal(pl.col(platform.identifiers).is_not_null())).to_series()
    people = people.with_columns(
        verdict=pl.when(_IS_REACHABLE & ~is_known).then(pl.lit(UNIDENTIFIED)).otherwise("verdict")
    )
    is_usable = people["verdict"] == USABLE
    taken_back = people.select(_WAS_THERE).to_series() & ~is_usable
    cells = [
        pl.select(pl.when(is_usable).then(allowed[name]).when(taken_back).then(rows.cells[name])).to_series()
        for name in fields
    ]
    told = people.select("verdict", *STAY).with_columns(
        cell.alias(name) for name, cell in zip(fields, cells, strict=True)
    )
    return Judged(segment, platform_name, told, _rejects(people["verdict"], rows, refused))


def _rejects(verdicts: pl.Series, rows: Rows, refused: Mapping[str, pl.Series]) -> list[tuple[int, str, str]]:
    """Of who would go out: fields that cannot, then the reason for which nothing of them can."""
    told = set(verdicts.is_in([USABLE, UNIDENTIFIED]).arg_true())
    order = {name: place for place, name in enumerate(rows.cells.columns)}
    shut = {(row, name) for name, is_refused in refused.items() for row in is_refused.arg_true()}
    found = [(row, name, reason) for row, name, reason in rows.rejects if (row, name) not in shut]
    found += [(row, name, REFUSED_BY_ANOTHER) for row, name in shut]
    found = [reject for reject in found if reject[0] in told]
    found += [(row, RECORD, NO_IDENTIFIER) for row in (verdicts == UNIDENTIFIED).arg_true()]
    return sorted(found, key=lambda reject: (reject[0], order.get(reject[1], len(order))))


def judged(batches: Iterator[pa.RecordBatch], criteria: Criteria) -> Iterator[Judged]:
    """Everybody in the order of the batches."""
    for batch in batches:
        people = pl.DataFrame(pl.from_arrow(pa.table(batch)))
        for (segment, platform), run in people.partition_by(
            "segment", "platform", maintain_order=True, as_dict=True
        ).items():
            yield judge(run, segment, platform, criteria)
