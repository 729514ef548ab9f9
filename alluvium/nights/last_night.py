"""The lake as its last finished night left it, for commands about one customer: opened once, asked often."""

from __future__ import annotations

from typing import Any

from alluvium.lake import lake_sql
from alluvium.settings import Settings

REDIRECT = "select customer_id from identity.redirects where old_customer_id = ?"


class LastNight:
    """Opens DuckDB once: that takes longer than most questions."""

    def __init__(self, settings: Settings, *, with_pii: bool = False) -> None:
        from alluvium.job import finished_nights

        nights = finished_nights(settings)
        night = nights[-1]["run_date"] if nights else None
        self._view = lake_sql.View(settings, with_pii, night=night)
        self._opened = lake_sql.connection(self._view)

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        """Answer a query; raises UsageError for SQL that cannot be answered."""
        return lake_sql.as_dicts(lake_sql.answer(self._opened, self._view, query, list(parameters)))

    def has(self, table: str) -> bool:
        """Whether a table, `schema.name`, is there already."""
        return table in lake_sql.tables(self._view)

    def id_of_today(self, customer_id: str) -> str:
        """Follow an id that ended to the one that holds its records now."""
        led = self.rows(REDIRECT, customer_id) if self.has("identity.redirects") else []
        return str(led[0]["customer_id"]) if led else customer_id
