"""Segments of a lake that one machine reads: found and compared by DuckDB, written without Spark.

It serves definitions that DuckDB answers like Spark, over at most `MOST_ROWS` rows on a disk of this machine,
when at most `driver_delta.MOST_ROWS` customers move. Everything else is asked of Spark; both give the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from alluvium import catalog
from alluvium.lake import driver_delta, driver_stays, lake_sql
from alluvium.settings import Settings
from spark_jobs.segments import changes, found
from spark_jobs.segments.changes import Since
from spark_jobs.segments.definition import Definition
from spark_jobs.segments.moment import CHANGED, Moment
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
        names |= changes.tables_read(definitions)
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
    settings: Settings,
    definitions: Sequence[Definition],
    moment: Moment,
    retired: Collection[str] = (),
    last: Since | None = None,
) -> Moves:
    """Find everybody and hold them against the night before; nobody is found for `retired` segments.

    With the `last` refresh of the same day only those are found whom something happened to since; the others
    go on as it left them. Raises AlluviumError naming the first definition that cannot be answered.
    """
    view = lake_sql.View(settings)
    opened = lake_sql.kept(view)
    names = [*(definition.name for definition in definitions), *retired]
    history = f"(SELECT * FROM published.segment_members{_only(names, moment)})"
    if moment.is_refresh:
        moment = _prepared(opened, view, definitions, moment, last)
    union = _found(definitions, moment, settings.business_time_zone, history)
    query = driver_stays.compare(history, union, KEY, ["definition_version"], moment.at)
    lake_sql.define(opened, view, query)
    _answer(opened, f"CREATE OR REPLACE TEMP TABLE moves AS {query}", definitions, moment, settings)
    return _moves(opened)


def _prepared(
    opened: duckdb.DuckDBPyConnection,
    view: lake_sql.View,
    definitions: Sequence[Definition],
    moment: Moment,
    last: Since | None,
) -> Moment:
    """Ask for what the query has as constants, and for the customers that a partial refresh looks at."""
    lake_sql.define(opened, view, f"SELECT 1 FROM {', '.join(sorted(changes.tables_read(definitions)))}")
    moment = replace(moment, loaded=changes.newest_in_gold(view.settings, opened))
    query = changes.query(view.settings, definitions, moment, last) if last else None
    if query is None:
        return moment
    opened.execute(
        f"CREATE OR REPLACE TEMP TABLE {CHANGED} AS SELECT customer_id FROM ({query}) AS found "
        "WHERE customer_id IS NOT NULL"
    )
    return replace(moment, is_partial=True)


def _found(definitions: Sequence[Definition], moment: Moment, zone: str, history: str) -> str:
    """Who is in which segment. A partial refresh takes who did nothing as the last one found them."""
    union = found.union_of(definitions, moment, zone, "duckdb")
    if not moment.is_partial:
        return union
    columns, them = "segment, definition_version, customer_id", f"(SELECT customer_id FROM {CHANGED})"
    return (
        f"SELECT {columns} FROM ({union}) AS decided WHERE customer_id IN {them} UNION ALL "
        f"SELECT {columns} FROM {history} AS going_on "
        f"WHERE {driver_stays.is_in(moment.at, 'going_on')} AND customer_id NOT IN {them}"
    )


def _answer(
    opened: duckdb.DuckDBPyConnection,
    statement: str,
    definitions: Sequence[Definition],
    moment: Moment,
    settings: Settings,
) -> None:
    zone = settings.business_time_zone
    try:
        opened.execute(statement)
    except duckdb.Error:
        found.explain(
            definitions,
            lambda one: opened.execute(f"EXPLAIN {found.query_of(one, moment, zone, 'duckdb')}"),
            duckdb.Error,
        )
        raise


def _moves(opened: duckdb.DuckDBPyConnection) -> Moves:
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
