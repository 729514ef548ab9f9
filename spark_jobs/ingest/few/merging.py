"""Merge few rows into a table of any size: of it only the files that can hold their keys are read.

Rows that are new are added and rewrite nothing; a file is written again where a stored row must give way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from alluvium.lake import delta, driver_delta
from alluvium.settings import Settings
from alluvium.table import Table
from spark_jobs.ingest import reach
from spark_jobs.ingest.few.data_file import columns_of

_PLACE = "_place"


def merge(
    rows: pa.Table,
    table: Table,
    settings: Settings,
    *,
    on: Sequence[str],
    compared: Sequence[str],
    update_when: str,
    within: Mapping[str, timedelta],
) -> None:
    """Insert new rows, and update those of which `update_when` says so: at most one commit.

    `on` is unique in `rows` and never null; `update_when` is SQL over the `compared` columns of `t` (table)
    and `s` (incoming); `within` is how far apart rows of one key lie, see `reach`.
    """
    path = settings.lake / table.schema / table.name
    rows = rows.select(list(table.columns or {}))
    met = _met(rows, reach.near_files(table, settings, rows, within), on, compared, update_when)
    places = pa.array(range(rows.num_rows), pa.int64())
    new = rows.filter(pc.invert(pc.is_in(places, met[_PLACE].combine_chunks())))
    better = rows.take(met.filter(met["wins"])[_PLACE])
    if not better.num_rows:
        driver_delta.append(new, path)
        return
    narrow = reach.condition(reach.ends_of(better, within), within)
    condition = " AND ".join([delta.matched(on), *([narrow] if narrow else [])])
    driver_delta.merge(pa.concat_tables([new, better]), path, condition, update_when, None)


def _met(
    rows: pa.Table, files: Sequence[Path], on: Sequence[str], compared: Sequence[str], update_when: str
) -> pa.Table:
    """Which rows have their key in the files: `_place` among the rows, and whether they win."""
    incoming = rows.select(list(dict.fromkeys([*on, *compared])))
    numbered = incoming.append_column(_PLACE, pa.array(range(rows.num_rows), pa.int64()))
    same_key = " AND ".join(f't."{name}" = s."{name}"' for name in on)
    wins = update_when.replace("`", '"')
    found = [pa.table({_PLACE: pa.array([], pa.int64()), "wins": pa.array([], pa.bool_())})]
    with duckdb.connect() as opened:
        opened.register("s", numbered)
        for file in files:
            # The keys first: of most files they are all that is read.
            opened.register("t", columns_of(file, incoming.select(list(on)).schema))
            if opened.execute(f"SELECT 1 FROM t JOIN s ON {same_key} LIMIT 1").fetchone():
                opened.register("t", columns_of(file, incoming.schema))
                query = f"SELECT s.{_PLACE}, coalesce({wins}, false) AS wins FROM t JOIN s ON {same_key}"
                found.append(opened.execute(query).to_arrow_table())
    return pa.concat_tables(found)
