"""Read a file of rules about products, one row each, and find the products that each row means."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Literal, TypeVar

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from alluvium.errors import UsageError

ATTRIBUTES = ("product_id", "product_type", "product_category", "department", "brand")


class ProductRule(BaseModel):
    """One row: it means every product whose `attribute` has this `value`. An empty cell is no value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    attribute: Literal["product_id", "product_type", "product_category", "department", "brand"]
    value: str
    reason: str

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_nothing(cls, value: object) -> object:
        return None if value == "" else value


Rule = TypeVar("Rule", bound=ProductRule)


def read(path: Path, kind: type[Rule]) -> list[Rule]:
    """The rows of a file in their order. Raises UsageError naming file, line and column of what is wrong."""
    with path.open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    found = []
    for line, row in enumerate(rows, start=2):
        try:
            found.append(kind.model_validate(row))
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise UsageError(f"A rule cannot be read: {problems}", where=f"{path}, line {line}") from None
    return found


def meant(rules: list[Rule], products: pl.DataFrame) -> pl.DataFrame:
    """product_id, rule (place in the list): every product that a rule means, once per rule.

    `products` has ATTRIBUTES.
    """
    schema = {"rule": pl.Int64, "attribute": pl.String, "value": pl.String}
    listed = pl.DataFrame([(n, r.attribute, r.value) for n, r in enumerate(rules)], schema, orient="row")
    parts = [
        products.select("product_id", value=pl.col(name).cast(pl.String))
        .join(listed.filter(pl.col("attribute") == name), on="value")
        .select("product_id", "rule")
        for name in ATTRIBUTES
    ]
    return pl.concat(parts).unique().sort("product_id", "rule")
