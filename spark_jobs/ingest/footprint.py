"""What a Delta log says about a table without reading its rows, in milliseconds and without Spark."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from alluvium.lake import driver_delta
from alluvium.settings import Settings
from alluvium.table import Table


def files(table: Table, settings: Settings) -> pa.Table:
    """Grain: one row per data file, with its partition, number of rows and column ranges."""
    path = str(settings.lake / table.schema / table.name)
    if not DeltaTable.is_deltatable(path):
        return pa.table({})
    return driver_delta.as_arrow(DeltaTable(path).get_add_actions(flatten=True))


def _where(files: pa.Table, partition: dict[str, Any]) -> pa.Table:
    for name, value in partition.items():
        if files.num_rows:
            column = files[f"partition.{name}"]
            files = files.filter(pc.equal(column, pa.scalar(value, column.type)))
    return files


def paths(table: Table, settings: Settings, **partition: Any) -> list[Path]:
    """The data files of a partition."""
    found = _where(files(table, settings), partition)
    names = found["path"].to_pylist() if found.num_rows else []
    return [settings.lake / table.schema / table.name / unquote(name) for name in names]


def row_count(table: Table, settings: Settings, **partition: Any) -> int:
    """Rows of a partition that has just been written."""
    found = _where(files(table, settings), partition)
    return int(pc.sum(found["num_records"]).as_py() or 0) if found.num_rows else 0


def is_empty(table: Table, settings: Settings, **partition: Any) -> bool:
    """Whether a partition has no file."""
    return _where(files(table, settings), partition).num_rows == 0


def days(table: Table, settings: Settings) -> list[date]:
    """The run dates that a table partitioned by `_run_date` has."""
    found = files(table, settings)
    if not found.num_rows:
        return []
    return sorted(pc.unique(found["partition._run_date"]).to_pylist())


def may_hold_day(table: Table, settings: Settings, day: date) -> bool:
    """Whether a row of a table that is not partitioned can have this `_run_date`."""
    found = files(table, settings)
    if not found.num_rows:
        return False
    names = {"min._run_date", "max._run_date"}
    if not names <= set(found.column_names):
        return True
    low, high = found["min._run_date"], found["max._run_date"]
    inside = pc.and_(pc.less_equal(low, day), pc.greater_equal(high, day))
    return bool(pc.any(pc.fill_null(inside, True)).as_py())
