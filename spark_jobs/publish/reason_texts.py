"""The reason of a recommendation in words that a shop can show its customer."""

from __future__ import annotations

import polars as pl

WEEKS_FROM_DAYS = 14


def _rhythm(interval_days: pl.Expr) -> pl.Expr:
    weeks = (interval_days / 7).round(mode="half_away_from_zero").cast(pl.Int32)
    return (
        pl.when(interval_days <= 1)
        .then(pl.lit("almost every day"))
        .when(interval_days < WEEKS_FROM_DAYS)
        .then(pl.format("about every {} days", interval_days))
        .otherwise(pl.format("about every {} weeks", weeks))
    )


def reason_text(
    code: pl.Expr, product_name: pl.Expr, evidence_name: pl.Expr, interval_days: pl.Expr
) -> pl.Expr:
    """The words for a reason code; no word hints that personalisation was refused."""
    goes_with = (
        pl.when(product_name == evidence_name)
        .then(pl.format("Another kind of {}, which you buy", evidence_name))
        .otherwise(pl.format("Goes with {}, which you buy", evidence_name))
    )
    return (
        pl.when(code == "bought_regularly")
        .then(pl.format("You buy this {}", _rhythm(interval_days)))
        .when(code == "bought_before")
        .then(pl.lit("You bought this before"))
        .when(code == "goes_with")
        .then(goes_with)
        .when(code == "goes_with_cart")
        .then(pl.format("Goes with {} in your cart", evidence_name))
        .when((code == "new_product") & evidence_name.is_not_null())
        .then(pl.format("New, and of a kind that you buy: like {}", evidence_name))
        .when(code == "new_product")
        .then(pl.lit("New in our shop"))
        .when(code == "popular_nearby")
        .then(pl.lit("Popular near you"))
        .when(code == "similar_customers")
        .then(pl.lit("Customers with baskets like yours buy this"))
        .otherwise(pl.lit("Popular with our customers"))
    )
