"""Stop the night before it writes when far more would change than on any usual one.

A wrong rule, a placeholder that is new or a broken source shows in three ways: customers merge, records get
another id, one customer grows beyond belief. Shares are of yesterday; few changes never stop a night.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from alluvium.errors import AlluviumError
from spark_jobs.identity.rules import Gate

TIER = "strict"
NAMELESS = "device"  # of these a person may have any number


@dataclass(frozen=True)
class Finding:
    """One figure of a night that is over its limit."""

    what: str
    rule: str


def _largest(customer_records: pl.DataFrame) -> int:
    """Records of the largest customer, devices aside."""
    told = customer_records.filter(pl.col("record_kind") != NAMELESS)
    return int(told.group_by("customer_id").len()["len"].max() or 0)  # type: ignore[arg-type]


def _shares(
    yesterday: pl.DataFrame, now: pl.DataFrame, changed: pl.DataFrame, limits: Gate
) -> Iterator[Finding]:
    customers, records = yesterday["customer_id"].n_unique(), yesterday.height
    ended = changed.filter((pl.col("tier") == TIER) & (pl.col("change") == "retired"))
    merged = ended.filter(pl.col("cause") == "merged").height
    if merged > max(limits.few, limits.max_merged_share * customers):
        yield Finding(f"{merged} of {customers} customers would end in another one", "max_merged_share")
    both = yesterday.join(now, on="record_key")
    moved = both.filter(pl.col("customer_id") != pl.col("customer_id_right")).height
    if moved > max(limits.few, limits.max_moved_share * records):
        yield Finding(f"{moved} of {records} records would get another id", "max_moved_share")


def findings(before: pl.DataFrame, after: pl.DataFrame, changed: pl.DataFrame, limits: Gate) -> list[Finding]:
    """What is over its limit. `before` and `after` are periods of identity.customer_records.

    Without customers of yesterday only the largest customer is looked at.
    """
    yesterday, now = (
        rows.filter((pl.col("tier") == TIER) & pl.col("is_current")) for rows in (before, after)
    )
    found = list(_shares(yesterday, now, changed, limits)) if yesterday.height else []
    largest, was = _largest(now), _largest(yesterday)
    if largest > max(limits.max_records, was):
        found.append(Finding(f"one customer would have {largest} records (devices aside)", "max_records"))
    return found


def is_written(after: pl.DataFrame, held: pl.DataFrame) -> bool:
    """Whether the night was written already: what was let through once is not asked again."""
    return (
        after.height == held.height
        and after.join(held, on=after.columns, how="anti", nulls_equal=True).is_empty()
    )


def stand(found: list[Finding], run_date: date) -> None:
    """Raises AlluviumError when there is a finding."""
    if found:
        raise AlluviumError(
            "Nothing was written: " + "; ".join(finding.what for finding in found),
            where=", ".join(f"gate.{finding.rule}" for finding in found) + " of the identity rules",
            do="Mend the source or the rules; when it is right as it is, "
            f"`alluvium job identity.resolve --run-date {run_date} --option accept=true`, then go on",
        )
