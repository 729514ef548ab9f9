"""What the commands about identities share: tiers, and questions to the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from alluvium.errors import UsageError
from alluvium.settings import Settings

if TYPE_CHECKING:
    import polars as pl

Json = Annotated[bool, typer.Option("--json", help="For programs")]
Tier = Annotated[str, typer.Option(help="exact, strict or loose")]
TIERS = ("exact", "strict", "loose")


def ask(settings: Settings, query: str, parameters: list[Any]) -> pl.DataFrame:
    """The answer to a query, without Spark."""
    from alluvium.lake import lake_sql

    return lake_sql.ask(lake_sql.View(settings), query, parameters).pl()


def check_tier(tier: str) -> None:
    """Raises UsageError for a tier that does not exist."""
    if tier not in TIERS:
        raise UsageError(f"There is no tier {tier!r}", do=f"It is one of {', '.join(TIERS)}")
