"""Who may be sent where tonight, and who must be taken back: one stream for all deliveries.

Consent and contact details are joined last, and nothing after that is cached.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F
from pyspark.sql.types import DateType

from alluvium.lake import stays
from spark_jobs.publish.people import CONTACT_COLUMNS, SHARED

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

GRANTED = "granted"


def _holds_at_end_of(consents: DataFrame, run_date: date, run_date_end: datetime) -> Column:
    """Whether a period of consent holds as the run date ends; `valid_to` is the first moment it does not."""
    by_day = isinstance(consents.schema["valid_from"].dataType, DateType)
    end = F.lit(run_date + timedelta(days=1) if by_day else run_date_end)
    return (F.col("valid_from") < end) & (F.col("valid_to").isNull() | (F.col("valid_to") >= end))


def consent_as_of(consents: DataFrame, run_date: date, run_date_end: datetime) -> DataFrame:
    """customer_id, granted, refused (arrays of purposes) at the end of the run date, one row per customer.

    Two choices that hold at once count as a refusal. A purpose in neither array was never asked for.
    """
    current = consents.where(_holds_at_end_of(consents, run_date, run_date_end))
    is_granted = F.coalesce(F.col("status") == GRANTED, F.lit(False))
    by_customer = current.groupBy("customer_id").agg(
        F.collect_set(F.when(is_granted, F.col("purpose"))).alias("agreed"),
        F.collect_set(F.when(~is_granted, F.col("purpose"))).alias("refused"),
    )
    return by_customer.select("customer_id", F.array_except("agreed", "refused").alias("granted"), "refused")


def _refused_by_sharers(column: str) -> Column:
    """The purposes refused by anybody who has the same address; who has none shares it with nobody."""
    shared = F.coalesce(F.lower(F.trim(F.col(column))), F.concat(F.lit("\x1f"), F.col("customer_id")))
    refusals = F.collect_list("refused").over(Window.partitionBy(shared))
    return F.array_distinct(F.flatten(refusals)).alias(f"{column}_refused")


def profiles(contacts: DataFrame, consent: DataFrame) -> DataFrame:
    """Contact details with what the customer granted, and what anybody with the same address refused."""
    joined = contacts.join(consent, on="customer_id", how="left")
    return joined.select(
        F.col("customer_id").alias("contact_id"),
        "granted",
        *CONTACT_COLUMNS,
        *[_refused_by_sharers(column) for column in SHARED],
    )


def wanted(members: DataFrame, deliveries: DataFrame, at: datetime) -> DataFrame:
    """segment, platform, required, customer_id of every open member of a delivered segment."""
    now = members.where(stays.is_in(at)).select("segment", "customer_id")
    return now.join(F.broadcast(deliveries), on="segment", how="inner")


def with_former(wanted: DataFrame, audience: DataFrame, deliveries: DataFrame, at: datetime) -> DataFrame:
    """Add who was with the platform before tonight; one row per delivery and customer."""
    planned = deliveries.select("segment", "platform")
    former = (
        audience.where(stays.was_in(at))
        .join(F.broadcast(planned), on=["segment", "platform"], how="left_semi")
        .select(
            "segment", "platform", "customer_id", "entered_at", F.col("left_at").alias("written_left_at"),
            F.col("purpose").alias("former_purpose"), F.col("definition_version").alias("former_version"),
        )
    )  # fmt: skip
    marked = wanted.withColumn("is_member", F.lit(True))
    return marked.join(former, on=["segment", "platform", "customer_id"], how="full_outer")


def with_successor(people: DataFrame, redirects: DataFrame | None) -> DataFrame:
    """Add `contact_id`: whose contact details count. A retired id goes on under its successor."""
    if redirects is None:
        return people.withColumn("contact_id", F.col("customer_id"))
    heirs = redirects.select(
        F.col("old_customer_id").alias("customer_id"), F.col("customer_id").alias("successor_id")
    )
    return people.join(heirs, on="customer_id", how="left").withColumn(
        "contact_id", F.coalesce("successor_id", "customer_id")
    )


def with_profile(people: DataFrame, profiles: DataFrame) -> DataFrame:
    """Add consent and contact details, as the last thing, in the order of the files."""
    none = F.array().cast("array<string>")
    missing = F.array_except(F.coalesce("required", none), F.coalesce("granted", none))
    return (
        people.join(profiles, on="contact_id", how="left")
        .select(
            "segment",
            "platform",
            "customer_id",
            # As numbers: the client would turn timestamps into its machine's local time.
            F.unix_micros("entered_at").alias("entered_at"),
            F.unix_micros("written_left_at").alias("written_left_at"),
            "former_purpose",
            "former_version",
            *CONTACT_COLUMNS,
            F.coalesce("is_member", F.lit(False)).alias("is_member"),
            (F.size(missing) == 0).alias("is_consented"),
            *[_is_refused(column).alias(f"{column}_is_refused") for column in SHARED],
        )
        .orderBy("segment", "platform", "customer_id")
    )


def _is_refused(column: str) -> Column:
    return F.coalesce(F.arrays_overlap(F.col(f"{column}_refused"), F.col("required")), F.lit(False))
