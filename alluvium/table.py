"""What a table is: its name, grain, key, columns and how long it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """One table of the lake.

    `columns` maps a column to its Spark type and its comment; it is None for tables that dbt builds, whose
    yml is the contract. `unindexed` columns carry no file statistics, so that a value erased from the data
    is not left behind in the transaction log. `kept_when_erased` is SQL: rows of an erased person for which
    it holds stay without their keys, such as orders, whose money must still add up; all others go.
    """

    schema: str
    name: str
    comment: str
    key: tuple[str, ...]
    columns: Mapping[str, tuple[str, str]] | None = None
    partition_by: tuple[str, ...] = ()
    retention_days: int | None = None
    holds_pii: bool = False
    unindexed: tuple[str, ...] = ()
    kept_when_erased: str | None = None

    @property
    def full_name(self) -> str:
        """The two-level name that SQL uses."""
        return f"{self.schema}.{self.name}"
