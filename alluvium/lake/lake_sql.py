"""Answer SQL from the Delta tables through DuckDB, without Spark.

Only the tables that a query names are opened. `ml.*` and `published.recommendations` show the latest
finished night; what is kept from earlier nights is there under `<table>_history`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alluvium.errors import AlluviumError, UsageError
from alluvium.privacy import access
from alluvium.settings import Settings

if TYPE_CHECKING:
    import duckdb

Parameters = list[Any] | dict[str, Any] | None
SCHEMAS = ("bronze", "silver", "identity", "seeds", "gold", "ml", "published", "ops")
# Of persons: opened when that is asked for, and what is masked by whose role is for it.
PERSONAL, MASKED = ("pii", "support"), "support"
NIGHTLY_SLICE = {"ml": "as_of_date", "published": "run_date"}
SLICED_PUBLISHED = ("recommendations",)
WHOLE_ML = ("training_sets", "cluster_fits")  # A night that trained nothing has none.
HISTORY = "_history"


@dataclass(frozen=True)
class View:
    """Which tables may be read, and at which versions."""

    settings: Settings
    with_pii: bool = False
    versions: Mapping[str, int] = field(default_factory=dict)
    night: date | None = None

    @property
    def schemas(self) -> tuple[str, ...]:
        """The schemas this view may open."""
        granted = access.schemas_of(self.settings.role)
        is_for_masked = granted is not None and MASKED in granted
        known = (*SCHEMAS, *(PERSONAL if self.with_pii else (MASKED,) if is_for_masked else ()))
        return tuple(name for name in known if granted is None or name in granted)


def _extension() -> Path:
    spec = find_spec("duckdb_extension_delta")
    if spec is None or not spec.submodule_search_locations:
        raise AlluviumError("DuckDB's Delta extension is not installed", do="Run `make setup`")
    found = sorted(Path(spec.submodule_search_locations[0]).rglob("delta.duckdb_extension*"))
    if not found:
        raise AlluviumError("DuckDB's Delta extension is incomplete", do="Run `make setup`")
    return found[0]


def connection(view: View, file: Path | None = None, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB, in memory or in a file, that reads the view's schemas and nothing else of this machine or
    the network.

    What does not fit in 1 GB goes to the folder `spill`, when there is one. Raises UsageError when the view
    opens personal data and the role of the settings may not.
    """
    import duckdb

    access.require(view.settings, "pii" if view.with_pii else None)
    opened = duckdb.connect(
        file or ":memory:",
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"},
    )
    opened.execute(f"LOAD {_literal(str(_extension()))}")
    opened.execute("SET TimeZone = 'UTC'")
    if spill is not None:
        opened.execute(f"SET temp_directory = {_literal(str(spill))}")
        opened.execute("SET memory_limit = '1GB'")
    opened.execute("SET allowed_directories = " + _folders(view))
    opened.execute("SET enable_external_access = false")
    return opened


def kept(view: View) -> duckdb.DuckDBPyConnection:
    """A connection of its own to a DuckDB that this process keeps for the lake: opening one takes 0.3 s.

    For jobs, one after the other: questions at the same time would replace each other's views. What does not
    fit in 1 GB goes to a folder beside the exports, which nobody else may read.
    """
    asked = _kept(view.settings, view.with_pii).cursor()
    asked.execute("SET TimeZone = 'UTC'")
    return asked


@lru_cache(maxsize=2)
def _kept(settings: Settings, with_pii: bool) -> duckdb.DuckDBPyConnection:
    return connection(View(settings, with_pii), spill=settings.exports / ".spill")


def _folders(view: View) -> str:
    # What no view may open, no function may open either.
    return "[" + ", ".join(_literal(str(view.settings.lake / schema)) for schema in view.schemas) + "]"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@lru_cache(maxsize=64)
def names_in(query: str) -> frozenset[tuple[str, str]]:
    """Schema and name of every table that a query names.

    Raises UsageError unless the text is one query that only reads.
    """
    import sqlglot
    from sqlglot import exp

    try:
        statements = [s for s in sqlglot.parse(query, read="duckdb") if s is not None]
    except sqlglot.errors.ParseError as error:
        first = error.errors[0] if error.errors else {}
        raise UsageError(
            f"That SQL cannot be read: {first.get('description', error)}",
            where=f"line {first.get('line', '?')}, column {first.get('col', '?')}",
        ) from None
    reads = (exp.Query, exp.Describe, exp.Summarize)
    if len(statements) != 1 or not isinstance(statements[0], reads):
        raise UsageError("Only one query that reads is answered", do="Begin it with `select` or `with`")
    return frozenset((table.db, table.name) for table in statements[0].find_all(exp.Table) if table.db)


def scan(view: View, schema: str, name: str) -> str:
    """SQL for the rows of one table, at the version that the view names."""
    path = view.settings.lake / schema / name
    version = view.versions.get(f"{schema}.{name}")
    at = f", version => {version}" if version is not None else ""
    return f"delta_scan({_literal(str(path))}{at})"


def is_sliced(schema: str, name: str) -> bool:
    """Whether a table keeps earlier nights that a query does not see unless it asks for the history."""
    if schema == "ml":
        return name not in WHOLE_ML
    return schema == "published" and name in SLICED_PUBLISHED


def _kept_in(schema: str, name: str) -> str:
    """The table that holds the rows of this name: a history is the whole of its table."""
    base = name.removesuffix(HISTORY)
    return base if is_sliced(schema, base) else name


def definition(view: View, schema: str, name: str) -> str:
    """The statement that makes one table, or its history, a DuckDB view of the same name."""
    table = _kept_in(schema, name)
    rows = f"SELECT * FROM {scan(view, schema, table)}"
    if table == name and is_sliced(schema, name) and view.night is not None:
        column = NIGHTLY_SLICE[schema]
        offset = " + 1" if column == "as_of_date" else ""
        rows += f" WHERE {column} = DATE '{view.night.isoformat()}'{offset}"
    return f'CREATE OR REPLACE VIEW {schema}."{name}" AS {rows}'


def tables(view: View) -> list[str]:
    """Every table there is, as `schema.name`."""
    logs = (
        log for schema in view.schemas for log in sorted((view.settings.lake / schema).glob("*/_delta_log"))
    )
    return [f"{log.parents[1].name}.{log.parent.name}" for log in logs]


def _check_is_there(view: View, schema: str, name: str) -> None:
    if schema in PERSONAL and not view.with_pii and schema not in view.schemas:
        raise UsageError(
            f"{schema}.{name} holds personal data", do="`--with-pii` opens it and notes that you did"
        )
    if schema not in view.schemas:
        raise UsageError(
            f"Your role may not read {schema}.{name}", do="`alluvium privacy access show` says who may"
        )
    there = tables(view)
    if f"{schema}.{_kept_in(schema, name)}" not in there:
        import difflib

        near = difflib.get_close_matches(f"{schema}.{name}", there, 1)
        advice = f"Did you mean {near[0]}?" if near else "`alluvium sql --tables` lists them"
        raise UsageError(f"There is no table {schema}.{name}", do=advice)


def ask(view: View, query: str, parameters: Parameters = None) -> duckdb.DuckDBPyConnection:
    """Run one reading query; the result is fetched from the connection that comes back.

    Raises UsageError for SQL that cannot be answered, naming what is wrong.
    """
    return answer(connection(view), view, query, parameters)


def answer(
    asked: duckdb.DuckDBPyConnection,
    view: View,
    query: str,
    parameters: Parameters = None,
) -> duckdb.DuckDBPyConnection:
    """As `ask`, on a connection that answers several queries in turn."""
    import duckdb

    define(asked, view, query)
    try:
        return asked.execute(query, parameters or [])
    except duckdb.Error as error:
        raise UsageError(f"That query cannot be answered: {str(error).splitlines()[0]}") from None


def define(asked: duckdb.DuckDBPyConnection, view: View, query: str) -> None:
    """Open the tables that a query names; raises UsageError for one that is not there."""
    wanted = sorted(pair for pair in names_in(query) if pair[0] in (*SCHEMAS, *PERSONAL))
    for schema in sorted({schema for schema, _ in wanted}):
        asked.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for schema, name in wanted:
        _check_is_there(view, schema, name)
        asked.execute(definition(view, schema, name))


def as_dicts(answered: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Every row of an answer as a dictionary."""
    names = [column[0] for column in answered.description]
    return [dict(zip(names, row, strict=True)) for row in answered.fetchall()]
