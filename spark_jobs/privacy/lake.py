"""Questions about people over the lake, through DuckDB, without Spark.

For lakes on a disk of this machine; keys of the people asked about stand in temporary tables, never in SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from alluvium import catalog
from alluvium.lake import lake_sql
from alluvium.settings import Settings

_NAME = re.compile(rf"\b(?:{'|'.join(catalog.SCHEMAS)})\.\w+")


class Everything(lake_sql.View):
    """A view of every schema there is, steps between the models included: erasure leaves none out."""

    @property
    def schemas(self) -> tuple[str, ...]:
        """All schemas of the catalogue."""
        return tuple(catalog.SCHEMAS)


class Lake:
    """The newest version of every table, `pii` included."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._view = Everything(settings, with_pii=True)
        self._opened = lake_sql.connection(self._view)
        self.tables = sorted(
            f"{log.parents[1].name}.{log.parent.name}" for log in settings.lake.glob("*/*/_delta_log")
        )
        self._is_open: set[str] = set()

    def give(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Make a temporary table of texts that queries can join."""
        given = list(rows)
        arrays = [pa.array([row[at] for row in given], pa.string()) for at in range(len(columns))]
        self._opened.register(f"given_{name}", pa.Table.from_arrays(arrays, list(columns)))
        self._opened.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM given_{name}")
        self._opened.unregister(f"given_{name}")

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The answer of a query over tables of the lake, as tuples."""
        return self._answer(query, parameters).fetchall()

    def dicts(self, query: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The answer of a query as dictionaries."""
        return lake_sql.as_dicts(self._answer(query, parameters))

    def _answer(self, query: str, parameters: Sequence[Any]) -> Any:
        for table in sorted(set(_NAME.findall(query)) & set(self.tables) - self._is_open):
            schema, _, name = table.partition(".")
            self._opened.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            self._opened.execute(lake_sql.definition(self._view, schema, name))
            self._is_open.add(table)
        return self._opened.execute(query, list(parameters))

    def columns(self, table: str) -> tuple[str, ...]:
        """The names of a table's columns."""
        schema = DeltaTable(str(self.settings.lake / table.replace(".", "/", 1)), without_files=True).schema()
        return tuple(field.name for field in schema.fields)
