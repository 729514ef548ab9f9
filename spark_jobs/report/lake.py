"""What the report reads: Delta tables through DuckDB, at most as many rows as a page can show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from alluvium.errors import UsageError
from alluvium.lake.lake_sql import View, answer, kept
from alluvium.settings import Settings

MOST_ROWS = 5_000


class NotThereError(Exception):
    """A table that this chapter needs does not exist yet, or cannot be read."""


@dataclass(frozen=True)
class Lake:
    """The lake as of one night."""

    settings: Settings
    run_date: date

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        """Answer a query; values are given as parameters (`?`).

        Raises NotThereError when a table is missing.
        """
        view = View(self.settings, with_pii=False, night=self.run_date)
        try:
            answered = answer(kept(view), view, query, list(parameters))
        except UsageError as error:
            raise NotThereError(error.what) from error
        names = [column[0] for column in answered.description]
        return [dict(zip(names, row, strict=True)) for row in answered.fetchmany(MOST_ROWS)]

    def one(self, query: str, *parameters: Any) -> dict[str, Any]:
        """The first row; an empty dict when there is none."""
        found = self.rows(query, *parameters)
        return found[0] if found else {}
