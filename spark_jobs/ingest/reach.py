"""Which rows of a table can share a key with rows at hand: what a merge must read does not grow with history.

Every data file of a Delta table comes with the ranges of its columns. A file is near when one of the rows is
within its ranges: of every key column, and of the event time when the contract says how far apart in it the
rows of one key may lie (`key_repeats_within_days`). Keys that grow with time, such as receipt numbers, need
no such promise; keys that are drawn at random do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from alluvium.contracts.contract import Contract
from alluvium.settings import Settings
from alluvium.table import Table
from spark_jobs.ingest import footprint

NOT_APART = timedelta()
# Delta cuts the times in a file's ranges down to milliseconds.
_ROUNDED = timedelta(milliseconds=1)


def reach_of(contract: Contract) -> dict[str, timedelta]:
    """By column of silver: how far apart two rows of one key may lie in it."""
    reach = dict.fromkeys(contract.silver_key, NOT_APART)
    if contract.event_time is not None and contract.key_repeats_within_days is not None:
        reach[contract.event_time] = timedelta(days=contract.key_repeats_within_days)
    return reach


def near_files(
    table: Table, settings: Settings, rows: pa.Table, reach: Mapping[str, timedelta]
) -> list[Path]:
    """The data files that can hold a row within reach of one of `rows`."""
    files = footprint.files(table, settings)
    found = []
    for place in range(files.num_rows):
        ranges = [_range(files, name, place, apart) for name, apart in reach.items()]
        if _may_hold(rows, dict(zip(reach, ranges, strict=True))):
            found.append(settings.lake / table.schema / table.name / unquote(files["path"][place].as_py()))
    return found


def _range(files: pa.Table, name: str, place: int, apart: timedelta) -> tuple[Any, Any] | None:
    """The smallest and the largest value that a row within reach of the file has; None when unknown."""
    if not {f"min.{name}", f"max.{name}"} <= set(files.column_names):
        return None
    low, high = (files[f"{end}.{name}"][place].as_py() for end in ("min", "max"))
    if low is None or high is None:
        return None
    if isinstance(low, datetime):
        apart += _ROUNDED
    return (low - apart, high + apart) if apart else (low, high)


def _may_hold(rows: pa.Table, ranges: Mapping[str, tuple[Any, Any] | None]) -> bool:
    """Whether a row is within all the ranges that are known."""
    inside: Any = pa.scalar(True)
    for name, known in ranges.items():
        if known is not None:
            column = rows[name]
            low, high = (pa.scalar(end, column.type) for end in known)
            within = pc.and_(pc.greater_equal(column, low), pc.less_equal(column, high))
            inside = pc.and_(inside, pc.fill_null(within, True))
    return rows.num_rows > 0 and pc.any(inside).as_py() is not False


def condition(ends: Mapping[str, tuple[Any, Any]], reach: Mapping[str, timedelta]) -> str:
    """SQL over `t` that holds for every row within reach of rows whose columns lie between `ends`.

    Only numbers and times stand in it: texts are values of rows, which no plan may show.
    """
    found = [
        f"(t.`{name}` >= {low}) AND (t.`{name}` <= {high})"
        for name, (first, last) in ends.items()
        if (low := _literal(first, -reach[name])) and (high := _literal(last, reach[name]))
    ]
    return " AND ".join(found)


def _literal(value: Any, apart: timedelta) -> str | None:
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value + apart:%Y-%m-%dT%H:%M:%S.%f}Z'"
    if isinstance(value, date):
        return f"DATE '{value + apart}'"
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return str(value) if is_number else None


def ends_of(rows: pa.Table, reach: Mapping[str, timedelta]) -> dict[str, tuple[Any, Any]]:
    """The smallest and the largest value of each column."""
    return dict(_ends_of(rows, reach))


def _ends_of(rows: pa.Table, reach: Mapping[str, timedelta]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name in reach:
        ends = pc.min_max(rows[name])
        yield name, (ends["min"].as_py(), ends["max"].as_py())
