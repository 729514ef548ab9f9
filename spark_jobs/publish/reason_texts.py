"""The reason of a recommendation in words that a shop can show its customer."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

WEEKS_FROM_DAYS = 14


def _rhythm(interval_days: Column) -> Column:
    weeks = F.round(interval_days / 7).cast("int").cast("string")
    return (
        F.when(interval_days <= 1, F.lit("almost every day"))
        .when(
            interval_days < WEEKS_FROM_DAYS,
            F.concat(F.lit("about every "), interval_days.cast("string"), F.lit(" days")),
        )
        .otherwise(F.concat(F.lit("about every "), weeks, F.lit(" weeks")))
    )


def reason_text(code: Column, product_name: Column, evidence_name: Column, interval_days: Column) -> Column:
    """The words for a reason code; no word hints that personalisation was refused."""
    is_same_name = product_name == evidence_name
    goes_with = F.when(
        is_same_name, F.concat(F.lit("Another kind of "), evidence_name, F.lit(", which you buy"))
    ).otherwise(F.concat(F.lit("Goes with "), evidence_name, F.lit(", which you buy")))
    return (
        F.when(code == "bought_regularly", F.concat(F.lit("You buy this "), _rhythm(interval_days)))
        .when(code == "bought_before", F.lit("You bought this before"))
        .when(code == "goes_with", goes_with)
        .when(code == "similar_customers", F.lit("Customers with baskets like yours buy this"))
        .otherwise(F.lit("Popular with our customers"))
    )
