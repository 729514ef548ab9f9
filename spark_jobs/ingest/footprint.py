"""What a Delta log says about a table without reading its rows, in milliseconds and without Spark."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from alluvium.lake import driver_delta
from alluvium.settings import Settings
from alluvium.table import Table


def _files(table: Table, settings: Settings) -> pa.Table:
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


def row_count(table: Table, settings: Settings, **partition: Any) -> int:
    """Rows of a partition that has just been written."""
    files = _where(_files(table, settings), partition)
    return int(pc.sum(files["num_records"]).as_py() or 0) if files.num_rows else 0


def is_empty(table: Table, settings: Settings, **partition: Any) -> bool:
    """Whether a partition has no file."""
    return _where(_files(table, settings), partition).num_rows == 0


def days(table: Table, settings: Settings) -> list[date]:
    """The run dates that a table partitioned by `_run_date` has."""
    files = _files(table, settings)
    if not files.num_rows:
        return []
    return sorted(pc.unique(files["partition._run_date"]).to_pylist())


def may_hold_day(table: Table, settings: Settings, day: date) -> bool:
    """Whether a row of a table that is not partitioned can have this `_run_date`."""
    files = _files(table, settings)
    if not files.num_rows:
        return False
    names = {"min._run_date", "max._run_date"}
    if not names <= set(files.column_names):
        return True
    low, high = files["min._run_date"], files["max._run_date"]
    inside = pc.and_(pc.less_equal(low, day), pc.greater_equal(high, day))
    return bool(pc.any(pc.fill_null(inside, True)).as_py())
