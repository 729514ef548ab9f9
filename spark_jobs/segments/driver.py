"""Segments of a lake that one machine reads: found and compared by DuckDB, written without Spark.

It serves definitions that DuckDB answers like Spark, over at most `MOST_ROWS` rows on a disk of this machine,
when at most `driver_delta.MOST_ROWS` customers move. Everything else is asked of Spark; both give the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from alluvium import catalog
from alluvium.lake import driver_delta, driver_stays, lake_sql
from alluvium.settings import Settings
from spark_jobs.segments import events, found
from spark_jobs.segments.definition import Definition
from spark_jobs.segments.moment import Moment
from spark_jobs.segments.query import is_portable, tables_of

MOST_ROWS = 50_000_000
KEY = ("segment", "customer_id")
CHANGES = "SELECT * FROM moves WHERE move <> 'stayed' OR written_left_at IS NOT NULL"


def _rows_of(settings: Settings, name: str) -> int | None:
    """Rows of a table by its log; None when it is not on a disk of this machine."""
    path = str(settings.lake.joinpath(*name.split(".")))
    if not DeltaTable.is_deltatable(path):
        return None
    files = driver_delta.as_arrow(DeltaTable(path).get_add_actions(flatten=True))
    return sum(count or 0 for count in files["num_records"].to_pylist())


def serves(settings: Settings, definitions: Sequence[Definition], moment: Moment) -> bool:
    """Whether DuckDB can answer all of them here."""
    names = {name for definition in definitions for name in tables_of(definition.sql)}
    if moment.is_refresh:
        names |= set(events.READS)
    counts = [_rows_of(settings, name) for name in names]
    is_here = _rows_of(settings, catalog.PUBLISHED_SEGMENT_MEMBERS.full_name) is not None
    if not is_here or None in counts or sum(count or 0 for count in counts) > MOST_ROWS:
        return False
    return all(is_portable(definition.sql) for definition in definitions)


@dataclass
class Moves:
    """Who enters, leaves and stays: counted, and those who change as rows (None when they are too many)."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    changes: pa.Table | None = None


def compare(
    settings: Settings, definitions: Sequence[Definition], moment: Moment, retired: Collection[str] = ()
) -> Moves:
    """Find everybody and hold them against the night before; nobody is found for `retired` segments.

    Raises AlluviumError naming the first definition that cannot be answered.
    """
    view = lake_sql.View(settings)
    opened = lake_sql.kept(view)
    zone = settings.business_time_zone
    union = found.union_of(definitions, moment, zone, "duckdb")
    history = (
        "(SELECT * FROM published.segment_members"
        + _only([*(d.name for d in definitions), *retired], moment)
        + ")"
    )
    query = driver_stays.compare(history, union, KEY, ["definition_version"], moment.at)
    lake_sql.define(opened, view, query)
    try:
        opened.execute(f"CREATE TEMP TABLE moves AS {query}")
    except duckdb.Error:
        found.explain(
            definitions,
            lambda one: opened.execute(f"EXPLAIN {found.query_of(one, moment, zone, 'duckdb')}"),
            duckdb.Error,
        )
        raise
    moves = Moves()
    counted = opened.execute("SELECT segment, move, count(*) FROM moves GROUP BY ALL").fetchall()
    for segment, move, count in counted:
        moves.counts.setdefault(segment, {})[move] = count
    rows = opened.execute(f"{CHANGES} LIMIT {driver_delta.MOST_ROWS + 1}").to_arrow_table()
    moves.changes = rows if rows.num_rows <= driver_delta.MOST_ROWS else None
    return moves


def _only(segments: Sequence[str], moment: Moment) -> str:
    """A refresh knows nothing of the segments of other schedules."""
    if not moment.is_refresh:
        return ""
    names = ", ".join(f"'{segment}'" for segment in segments) or "''"
    return f" WHERE segment IN ({names})"
