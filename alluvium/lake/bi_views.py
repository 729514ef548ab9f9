"""A DuckDB file of views on the lake, for BI tools: no copies, no personal data.

The views read the Delta tables where they lie. Who opens the file needs DuckDB's extension `delta`.
"""

from __future__ import annotations

from pathlib import Path

from alluvium.errors import AlluviumError
from alluvium.lake.lake_sql import HISTORY, View, connection, definition, is_sliced, tables


def write(view: View, file: Path) -> list[str]:
    """Write one view per table to `file`, replacing it whole; returns the views' names.

    Scores and recommendations are those of the view's night; all kept nights are there as `<table>_history`.
    Raises AlluviumError for a lake without tables and for a view of personal data.
    """
    if view.with_pii:
        raise AlluviumError("Personal data do not go into a file of views", do="Leave out --with-pii")
    names = list(_names(view))
    if not names:
        raise AlluviumError("There are no tables yet", do="`make demo` fills the lake")
    beside = file.with_name(f".{file.name}.new")
    beside.unlink(missing_ok=True)
    opened = connection(view, beside)
    try:
        for schema in sorted({schema for schema, _ in names}):
            opened.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        for schema, name in names:
            opened.execute(definition(view, schema, name))
    finally:
        opened.close()
    beside.replace(file)
    return [f"{schema}.{name}" for schema, name in names]


def _names(view: View) -> list[tuple[str, str]]:
    found = [tuple(name.split(".")) for name in tables(view)]
    sliced = [(schema, name + HISTORY) for schema, name in found if is_sliced(schema, name)]
    return [(schema, name) for schema, name in (*found, *sliced)]
