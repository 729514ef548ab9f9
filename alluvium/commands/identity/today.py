"""The records of today as a night would see them, for commands that decide without writing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alluvium.errors import AlluviumError
from alluvium.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from spark_jobs.identity.matching import Given


@dataclass(frozen=True)
class Today:
    """Clean records, the identifiers they bear, and what a night is told: rules, frozen model, decisions."""

    records: pl.DataFrame
    bears: pl.DataFrame
    given: Given


def read(settings: Settings) -> Today:
    """Raises AlluviumError before the first night: no model is frozen then."""
    import polars as pl

    from alluvium import catalog
    from alluvium.lake import ledger
    from alluvium.spark.session import on_demand
    from spark_jobs.identity import model_store, resolve, rules
    from spark_jobs.identity.timing import Timer

    runs = pl.DataFrame(pl.from_arrow(ledger.read(catalog.IDENTITY_RUNS, settings)))
    held = model_store.frozen(settings, runs)
    if held is None:
        raise AlluviumError("No match model is frozen yet", do="Run a night first")
    in_force, timer = rules.in_force(settings), Timer()
    with on_demand(settings) as spark:
        records, bears, _ = resolve.observe(spark, settings, in_force, timer)
    return Today(records, bears, resolve.given(settings, in_force, held[0], timer))
