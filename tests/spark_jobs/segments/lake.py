"""Small lakes on this machine, written without Spark."""

from __future__ import annotations

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from alluvium import catalog
from alluvium.settings import Settings

MEMBERS = catalog.PUBLISHED_SEGMENT_MEMBERS


def put(settings: Settings, table: str, rows: pa.Table) -> None:
    """Replace a table."""
    path = settings.lake.joinpath(*table.split("."))
    write_deltalake(str(path), rows, mode="overwrite", schema_mode="overwrite")


def _members(settings: Settings) -> DeltaTable:
    return DeltaTable(str(settings.lake / MEMBERS.schema / MEMBERS.name))


def members(settings: Settings) -> pa.Table:
    """Every stay in every segment."""
    return pa.table(_members(settings).to_pyarrow_table())


def members_version(settings: Settings) -> int:
    """The number of commits to the membership."""
    return _members(settings).version()
