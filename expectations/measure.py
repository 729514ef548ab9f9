"""Ask tables for figures, through the same door as analysts.

A gate reads with another engine than the one that wrote: what DuckDB finds in the files is what readers will
find, and a count of a small table takes it milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from duckdb import DuckDBPyConnection

from alluvium.lake import lake_sql
from alluvium.settings import Settings

Figures = dict[str, dict[str, float | None]]


def ask(settings: Settings, queries: Mapping[str, str], run_date: date) -> Figures:
    """Figures by table and name: each query is an aggregate of one row, its columns are the figures.

    Queries are DuckDB's SQL over the newest version of every table, `pii` among them; they may use
    `:run_date` and `:as_of_date` (the first day not seen).
    """
    view = lake_sql.View(settings, with_pii=True)
    opened = lake_sql.kept(view)
    return {
        table: _one_row(lake_sql.answer(opened, view, _dated(query, run_date)))
        for table, query in queries.items()
    }


def _dated(query: str, run_date: date) -> str:
    literals = {":run_date": run_date, ":as_of_date": run_date + timedelta(days=1)}
    for name, day in literals.items():
        query = query.replace(name, f"DATE '{day.isoformat()}'")
    return query


def _one_row(answer: DuckDBPyConnection) -> dict[str, float | None]:
    names = [column[0] for column in answer.description or ()]
    (row,) = answer.fetchall()
    return {name: None if value is None else float(value) for name, value in zip(names, row, strict=True)}
