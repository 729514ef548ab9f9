"""Products that a campaign moves up, or down, in every list that has them.

A row of boosts.csv holds from its first to its last day. It moves a product so many places among a customer's
candidates: scores of different models cannot be compared, places can. It adds nothing to a list: what no
model thinks of is not pushed at anybody.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
from pydantic import Field, model_validator

from spark_jobs.publish.merchandising import rows

BOOSTS = Path(__file__).parent / "boosts.csv"


class Boost(rows.ProductRule):
    """`places` up, or down when negative, from the first to the last day."""

    places: int = Field(ge=-100, le=100)
    first_day: date
    last_day: date

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> Boost:
        if self.last_day < self.first_day:
            raise ValueError("last_day is before first_day")
        return self


def load(path: Path = BOOSTS) -> list[Boost]:
    """All boosts, past and coming ones too."""
    return rows.read(path, Boost)


def of_products(boosts: list[Boost], products: pl.DataFrame, run_date: date) -> pl.DataFrame:
    """product_id, places: the sum of what holds on the run date, one row per product that is moved."""
    today = [boost for boost in boosts if boost.first_day <= run_date <= boost.last_day]
    places = pl.DataFrame(
        {"rule": range(len(today)), "places": [boost.places for boost in today]},
        {"rule": pl.Int64, "places": pl.Int32},
    )
    found = rows.meant(today, products).join(places, on="rule")
    return found.group_by("product_id").agg(pl.col("places").sum()).sort("product_id")
