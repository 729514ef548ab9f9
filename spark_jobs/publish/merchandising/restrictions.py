"""Products that are only for some: an age that must be known, or a consent that must be given.

What nobody knows counts as no: without an age no alcohol, without a consent nothing that tells of private
life. Where the row says so, an earlier purchase of the same kind proves the age: the till asked for it.
Nobody at all is shown a restricted product among the popular ones.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from pydantic import Field, model_validator

from spark_jobs.publish.merchandising import rows

RESTRICTIONS = Path(__file__).parent / "restrictions.csv"
# `19-24` begins with 19, `65+` with 65; `18 and under` says nothing of how old somebody is at least.
LEAST_AGE = r"^(\d+)(?:-\d+|\+)$"


class Restriction(rows.ProductRule):
    """Who may see it: of at least `minimum_age`, and with the `purpose` granted."""

    minimum_age: int | None = Field(default=None, ge=1, le=120)
    is_proved_by_purchase: bool = False
    purpose: str | None = None

    @model_validator(mode="after")
    def _restricts_something(self) -> Restriction:
        if self.minimum_age is None and self.purpose is None:
            raise ValueError("neither minimum_age nor purpose is given")
        return self


def load(path: Path = RESTRICTIONS) -> list[Restriction]:
    """All restrictions."""
    return rows.read(path, Restriction)


def _may_see(rule: Restriction) -> pl.Expr:
    is_old_enough = pl.lit(True)
    if rule.minimum_age is not None:
        least = pl.col("age_band").str.extract(LEAST_AGE).cast(pl.Int32)
        is_old_enough = (least >= rule.minimum_age).fill_null(False)
        if rule.is_proved_by_purchase:
            is_old_enough = is_old_enough | pl.col("has_bought")
    if rule.purpose is None:
        return is_old_enough
    granted = pl.col("granted").fill_null("").str.split(" ")
    return is_old_enough & granted.list.contains(rule.purpose)


def barred(
    restrictions: list[Restriction], restricted: pl.DataFrame, customers: pl.DataFrame, bought: pl.DataFrame
) -> pl.DataFrame:
    """customer_id, rule: which restrictions keep their products from which customer.

    `restricted` has product_id, rule; `customers` customer_id, age_band, granted (purposes, a space between);
    `bought` customer_id, product_id.
    """
    proofs = bought.join(restricted, on="product_id").select("customer_id", "rule").unique()
    parts = [pl.DataFrame(schema={"customer_id": pl.String, "rule": pl.Int64})]
    for number, rule in enumerate(restrictions):
        buyers = proofs.filter(pl.col("rule") == number)["customer_id"].implode()
        asked = customers.with_columns(has_bought=pl.col("customer_id").is_in(buyers))
        kept_out = asked.filter(~_may_see(rule))
        parts.append(kept_out.select("customer_id", rule=pl.lit(number, pl.Int64)))
    return pl.concat(parts)
