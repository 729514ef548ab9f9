"""Membership as history: who entered when, and who left.

A stay is one row of (key..., entered_at, left_at). A night compares who was in before it with whom it finds.
Its result does not depend on how often it is run: one merge also undoes an earlier attempt of the same night.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from alluvium.errors import AlluviumError
from alluvium.lake import delta
from alluvium.table import Table

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

ENTERED, LEFT, STAYED = "entered", "left", "stayed"


def night_at(run_date: date) -> datetime:
    """The instant that stands for a night in every history: its run date, 00:00 UTC."""
    return datetime(run_date.year, run_date.month, run_date.day, tzinfo=UTC)


def refuse_backwards(run_date: date, last: date | None, what: str) -> None:
    """Raises AlluviumError when a later night was already decided: a history only grows forward."""
    if last is not None and run_date < last:
        raise AlluviumError(
            f"{what} move forward only, and the night of {last} is already decided",
            where=f"run date {run_date}",
            do=f"Repeat {last} instead",
        )


def was_in(at: datetime) -> Column:
    """Whether a stay was open just before `at`, whatever an earlier attempt of that night wrote."""
    return (F.col("entered_at") < F.lit(at)) & (F.col("left_at").isNull() | (F.col("left_at") >= F.lit(at)))


def is_in(at: datetime) -> Column:
    """Whether a stay holds at `at`."""
    return (F.col("entered_at") <= F.lit(at)) & (F.col("left_at").isNull() | (F.col("left_at") > F.lit(at)))


def compare(history: DataFrame, found: DataFrame, on: Sequence[str], at: datetime) -> DataFrame:
    """One row per key that was in before `at` or is found now.

    `found` has each key once. Its other columns describe the beginning of a stay, and who stays keeps those
    of the history. Gives the columns of `found`, `entered_at`, `move`, and `written_left_at`: what an
    earlier attempt of this night wrote.
    """
    described = [name for name in found.columns if name not in on]
    before = history.where(was_in(at)).select(
        *on, *[F.col(name).alias(f"before_{name}") for name in described], "entered_at", "left_at"
    )
    is_new, is_gone = F.col("entered_at").isNull(), F.col("is_found").isNull()
    move = F.when(is_new, F.lit(ENTERED)).when(is_gone, F.lit(LEFT)).otherwise(F.lit(STAYED))
    return before.join(found.withColumn("is_found", F.lit(True)), on=list(on), how="full_outer").select(
        *on,
        *[F.when(is_new, F.col(name)).otherwise(F.col(f"before_{name}")).alias(name) for name in described],
        F.coalesce("entered_at", F.lit(at)).alias("entered_at"),
        F.col("left_at").alias("written_left_at"),
        move.alias("move"),
    )


def hold(moves: DataFrame, is_held: Column) -> DataFrame:
    """Keep the membership of the night before where `is_held`: nobody enters, nobody leaves."""
    kept = moves.where(~(is_held & (F.col("move") == ENTERED)))
    return kept.withColumn("move", F.when(is_held, F.lit(STAYED)).otherwise(F.col("move")))


def tonight(at: datetime, column: str, scope: Sequence[str] | None) -> str:
    """SQL over the table `t`: stays that began this night or after it. What is not found again is undone.

    After a night come only the refreshes of the day that follows, and the next of them will find them again.
    """
    since = f"(t.entered_at >= TIMESTAMP '{at:%Y-%m-%d %H:%M:%S}Z')"
    if scope is None:
        return since
    return f"{since} AND (t.{column} IN ({', '.join(delta.quoted(name) for name in scope) or 'NULL'}))"


def write(
    moves: DataFrame, table: Table, on: Sequence[str], run_date: date, scope: Sequence[str] | None = None
) -> None:
    """Bring the moves of one night into the history, in one commit, or none when nobody moved.

    `scope` are the values of the first key column that were looked at; None means all.
    """
    at = night_at(run_date)
    is_undone = (F.col("move") == STAYED) & F.col("written_left_at").isNotNull()
    changed = moves.where(F.col("move").isin(ENTERED, LEFT) | is_undone)
    rows = changed.withColumn("left_at", F.when(F.col("move") == LEFT, F.lit(at))).withColumn(
        "run_date", F.lit(run_date)
    )
    delta.merge(rows, table, on=[*on, "entered_at"], delete_missing=tonight(at, on[0], scope))
