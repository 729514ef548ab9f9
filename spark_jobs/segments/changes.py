"""Whom a refresh has to look at again: who did something since the last refresh of the same day.

Between two refreshes of a day only events come in and time goes on. So of everybody else the last refresh
is still right, as long as no other table was written, the definitions are the same and were all decided, and
each of them follows one customer's events alone. Where one of that does not hold, everybody is decided again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import duckdb
import sqlglot
from deltalake import DeltaTable
from sqlglot import exp

from alluvium import catalog
from alluvium.lake import driver_delta, ledger
from alluvium.settings import Settings
from spark_jobs.segments import events
from spark_jobs.segments.definition import Definition
from spark_jobs.segments.lifecycle import RETIRED
from spark_jobs.segments.moment import Moment
from spark_jobs.segments.query import DIALECT, tables_of
from spark_jobs.segments.verdict import DECIDED

LOOKED_BACK_DAYS = 31


class Since(NamedTuple):
    """The last refresh: up to when it saw events, and the versions of the silver tables that it read."""

    as_of: datetime
    silver: Mapping[str, int]


def tables_read(definitions: Sequence[Definition]) -> frozenset[str]:
    """`schema.table` of everything that a refresh of these definitions reads."""
    return frozenset(events.READS).union(*(tables_of(definition.sql) for definition in definitions))


def noted(settings: Settings, definitions: Sequence[Definition], at: Moment) -> str:
    """What `published.segment_runs` keeps of a refresh, for the next one."""
    versions = {
        name: DeltaTable(str(_path(settings, name)), without_files=True).version()
        for name in sorted(tables_read(definitions))
    }
    return json.dumps({"run_date": at.run_date.isoformat(), "versions": versions})


def _path(settings: Settings, name: str) -> Path:
    return settings.lake.joinpath(*name.split("."))


def since(
    settings: Settings, definitions: Sequence[Definition], at: Moment, retired: Collection[str], now: str
) -> Since | None:
    """The refresh that this one may go on from; None when everybody has to be decided.

    `now` is what `noted` says before anything is read.
    """
    if not all(follows_events(definition) for definition in definitions):
        return None
    rows = [
        row
        for row in ledger.rows(catalog.PUBLISHED_SEGMENT_RUNS, settings)
        if row["run_date"] == at.night and row["as_of"] is not None
    ]
    if not _is_same(rows, definitions, retired) or any(row["as_of"] > at.as_of for row in rows):
        return None
    then, held = (json.loads(text) for text in (rows[0].get("inputs") or "{}", now))
    silver = {name: then.get("versions", {}).pop(name, None) for name in events.SILVER_EVENTS.values()}
    for name in silver:
        held["versions"].pop(name)
    return Since(rows[0]["as_of"], silver) if then == held and None not in silver.values() else None


def _is_same(
    rows: Sequence[Mapping[str, Any]], definitions: Sequence[Definition], retired: Collection[str]
) -> bool:
    """Whether the last refresh decided exactly these definitions, and held none back."""
    decided = {(row["segment"], row["definition_version"]) for row in rows if row["status"] == DECIDED}
    over = {row["segment"] for row in rows if row["status"] == RETIRED}
    wanted = {(definition.name, definition.version) for definition in definitions}
    return bool(rows) and decided == wanted and over == set(retired) and len(rows) == len(decided) + len(over)


def follows_events(definition: Definition) -> bool:
    """Whether somebody's events decide about nobody else, and time alone about nobody but who has events.

    Of SQL that is known when the events are the first table, `customer_id` is theirs, and groups are of it.
    """
    if definition.leaves:
        return True
    tree = sqlglot.parse_one(definition.sql, dialect=DIALECT)
    found = [t for t in tree.find_all(exp.Table) if f"{t.db}.{t.name}".lower() == events.GOLD_EVENTS]
    if any(placeholder.name == "as_of" for placeholder in tree.find_all(exp.Placeholder)):
        return False
    if not found:
        return True
    if len(found) > 1 or found[0].parent_select is not tree or not isinstance(found[0].parent, exp.From):
        return False
    return isinstance(tree, exp.Select) and _is_by_customer(tree, found[0].alias_or_name)


def _is_by_customer(tree: exp.Select, alias: str) -> bool:
    if tree.find(exp.Window, exp.Limit, exp.Offset, exp.Fetch):
        return False
    joins = tree.args.get("joins") or []
    column = tree.selects[0].unalias()
    owners = {alias} if joins else {alias, ""}
    is_theirs = isinstance(column, exp.Column) and column.table in owners
    is_plain = all(join.side in ("", "LEFT") and join.kind in ("", "INNER") for join in joins)
    groups = tree.args.get("group")
    if groups is not None:
        return is_theirs and is_plain and groups.expressions == [column]
    has_sums = any(found.parent_select is tree for found in tree.find_all(exp.AggFunc))
    return is_theirs and is_plain and not has_sums


def newest_in_gold(settings: Settings, opened: duckdb.DuckDBPyConnection) -> dict[str, date]:
    """The newest run date of each source's events, looked for in the files of the last days only."""
    files = driver_delta.as_arrow(
        DeltaTable(str(_path(settings, events.GOLD_EVENTS))).get_add_actions(flatten=True)
    )
    newest = files["max._run_date"].to_pylist() if "max._run_date" in files.column_names else []
    last = max((day for day in newest if day is not None), default=None)
    if last is None:
        return {}
    found = opened.execute(
        f"SELECT source, max(_run_date) FROM {events.GOLD_EVENTS} "
        f"WHERE _run_date >= DATE '{last - timedelta(days=LOOKED_BACK_DAYS)}' GROUP BY source"
    ).fetchall()
    return dict(found)


def query(settings: Settings, definitions: Sequence[Definition], at: Moment, last: Since) -> str | None:
    """Everybody whose membership can have changed, each once; None when a file that is gone would tell.

    Whoever owns a row of a silver file that came or went, and whoever has an event that a condition sees, or
    waits for no longer, since the last refresh.
    """
    instead, zone = {}, settings.business_time_zone
    for source, name in events.SILVER_EVENTS.items():
        files = _came_or_went(_path(settings, name), last.silver[name])
        if files is None:
            return None
        instead[source] = _rows_of(files, name)
    relation = events.up_to(at, zone, "duckdb")
    # A query for each span: of spans that OR joins no engine leaves out files.
    timely = " ".join(
        f"UNION SELECT customer_id FROM {relation} AS timely "
        f"WHERE occurred_at > {_instant(last.as_of, hours)} AND occurred_at <= {_instant(at.as_of, hours)}"
        for hours in sorted({0, *_waited_hours(definitions)})
    )
    return f"SELECT customer_id FROM ({events.newer(at, zone, 'duckdb', instead)}) AS of_files {timely}"


def _instant(moment: datetime, hours: int) -> str:
    return f"TIMESTAMPTZ '{(moment - timedelta(hours=hours)).isoformat()}'"


def _waited_hours(definitions: Sequence[Definition]) -> set[int]:
    """How long the sequences of rule documents wait."""
    trees = [sqlglot.parse_one(d.sql, dialect=DIALECT) for d in definitions if d.leaves]
    return {int(interval.this.name) for tree in trees for interval in tree.find_all(exp.Interval)}


def _came_or_went(path: Path, version: int) -> list[str] | None:
    """Files that a table has now and had not then, or the other way round; None when one is vacuumed."""
    then, now = (set(DeltaTable(str(path), version=at).file_uris()) for at in (version, None))
    files = [unquote(uri).removeprefix("file://") for uri in sorted(then ^ now)]
    return files if all(Path(file).exists() for file in files) else None


def _rows_of(files: Sequence[str], name: str) -> str:
    if not files:
        return f"(SELECT * FROM {name} WHERE false)"
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    return f"read_parquet([{listed}], union_by_name = true)"
