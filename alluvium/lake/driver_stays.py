"""`alluvium.lake.stays` for nights that fit on the driver: DuckDB compares, the Delta library writes.

Both ways leave the same rows. This one serves up to `driver_delta.MOST_ROWS` moves on a disk of this machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from alluvium.lake import delta
from alluvium.lake.stays import ENTERED, LEFT, STAYED, night_at, tonight
from alluvium.table import Table

INSTANT = pa.timestamp("us", tz="UTC")


def was_in(at: datetime, stay: str = "stays") -> str:
    """As `stays.was_in`, in SQL."""
    return f"{stay}.entered_at < {_at(at)} AND ({stay}.left_at IS NULL OR {stay}.left_at >= {_at(at)})"


def is_in(at: datetime, stay: str = "stays") -> str:
    """As `stays.is_in`, in SQL."""
    return f"{stay}.entered_at <= {_at(at)} AND ({stay}.left_at IS NULL OR {stay}.left_at > {_at(at)})"


def _at(moment: datetime) -> str:
    return f"TIMESTAMPTZ '{moment.isoformat()}'"


def compare(history: str, found: str, on: Sequence[str], described: Sequence[str], at: datetime) -> str:
    """As `stays.compare`: SQL over two relations. `described` are the other columns of `found`."""
    keys = ", ".join(f"coalesce(found.{name}, stays.{name}) AS {name}" for name in on)
    kept = "".join(
        f", CASE WHEN stays.entered_at IS NULL THEN found.{name} ELSE stays.{name} END AS {name}"
        for name in described
    )
    matched = " AND ".join(f"found.{name} = stays.{name}" for name in on)
    return f"""
        SELECT {keys}{kept}, coalesce(stays.entered_at, {_at(at)}) AS entered_at,
            stays.left_at AS written_left_at,
            CASE WHEN stays.entered_at IS NULL THEN '{ENTERED}' WHEN found.{on[0]} IS NULL THEN '{LEFT}'
                ELSE '{STAYED}' END AS move
        FROM (SELECT * FROM {history} AS stays WHERE {was_in(at)}) AS stays
        FULL OUTER JOIN ({found}) AS found ON {matched}
    """


def hold(moves: pa.Table, is_held: pa.Array) -> pa.Table:
    """As `stays.hold`, for the rows of the moves that change something."""
    kept = moves.append_column("is_held", is_held)
    kept = kept.filter(pc.invert(pc.and_(kept["is_held"], pc.equal(kept["move"], ENTERED))))
    move = pc.if_else(kept["is_held"], STAYED, kept["move"])
    return kept.set_column(kept.column_names.index("move"), "move", move).drop_columns(["is_held"])


def is_change(moves: pa.Table) -> pa.Array:
    """Which moves change the history: who stays matters where an earlier attempt of the night closed it."""
    has_moved = pc.is_in(moves["move"], pa.array([ENTERED, LEFT]))
    return pc.or_(has_moved, pc.is_valid(moves["written_left_at"]))


def write(
    moves: pa.Table,
    table: Table,
    path: Path,
    on: Sequence[str],
    run_date: date,
    scope: Sequence[str] | None = None,
) -> None:
    """As `stays.write`: one commit, or none when nobody moved. `path` is where the table lies."""
    at = night_at(run_date)
    changed = moves.filter(is_change(moves))
    ended = pa.array([at], INSTANT)[0]
    left_at = pc.if_else(pc.equal(changed["move"], LEFT), ended, pa.scalar(None, INSTANT))
    days = pa.array([run_date] * changed.num_rows, pa.date32())
    rows = changed.append_column("left_at", left_at).append_column("run_date", days)
    rows = rows.select(list(table.columns or {}))
    instants = [pa.field(f.name, INSTANT) if pa.types.is_timestamp(f.type) else f for f in rows.schema]
    rows = rows.cast(pa.schema(instants))
    delta.merge_rows(rows, table, path, on=[*on, "entered_at"], delete_missing=tonight(at, on[0], scope))
