"""Standardise records: a clean form that is kept, and forms for comparison that are not.

Both have one row per record. A value that stands for "I do not say" becomes null: a null matches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from alluvium import contact
from spark_jobs.identity import text
from spark_jobs.identity.engine.day import common_days
from spark_jobs.identity.rules import blocked_values

FIELDS = (
    "title",
    "first_name",
    "last_name",
    "email",
    "phone",
    "birth_date",
    "street",
    "city",
    "state",
    "postal_code",
)
NAMELESS_KINDS = frozenset({"device", "card"})


def _squeezed(column: str) -> pl.Expr:
    return text.folded(pl.col(column)).str.replace_all(" ", "")


def _clean_name(column: str) -> pl.Expr:
    """Tidy text with at least one letter; `N/A` and its like become null."""
    blocked = [re.sub(r"\W", "", value) for value in blocked_values()["name"]]
    said = _squeezed(column).str.contains(r"\p{L}") & ~_squeezed(column).is_in(sorted(blocked))
    return pl.when(said).then(text.tidy(pl.col(column))).alias(column)


def _clean_birth_date() -> pl.Expr:
    day = pl.col("birth_date")
    said = ~day.cast(pl.String).is_in(sorted(blocked_values()["birth_date"]))
    return pl.when(said).then(day).alias("birth_date")


def _canonical(records: pl.DataFrame) -> list[pl.Series]:
    """The fields whose canonical form all rooms share."""
    return [
        text.by_value(records["email"], contact.normalise_email),
        text.by_value(records["phone"], contact.normalise_phone),
        text.by_value(records["postal_code"], contact.normalise_postal_code),
    ]


def clean(records: pl.DataFrame) -> pl.DataFrame:
    """Tidy names and addresses, bring the rest into canonical form, and drop placeholders.

    Cards and devices are not people: whatever name an event carried, they keep none.
    """
    tidied = records.with_columns(
        *_canonical(records),
        *(_clean_name(column) for column in ("title", "first_name", "last_name", "street", "city")),
        pl.col("state").str.strip_chars().str.to_uppercase(),
        _clean_birth_date(),
    )
    is_person = ~pl.col("record_kind").is_in(sorted(NAMELESS_KINDS))
    return tidied.with_columns(pl.when(is_person).then(pl.col(column)).alias(column) for column in FIELDS)


def _day_of_year(birth_date: pl.Expr) -> pl.Expr:
    return birth_date.dt.month().cast(pl.Int64) * 100 + birth_date.dt.day()


def _default_days(named: pl.DataFrame) -> Sequence[int]:
    days = named["birth_date"].drop_nulls().to_frame().select(_day_of_year(pl.col("birth_date")))
    return [int(day) for day in common_days(days.to_series().to_numpy())]


def comparable(records: pl.DataFrame, default_days: Sequence[int] | None = None) -> pl.DataFrame:
    """The forms that blocking and comparison use, one row per clean record, in the order of the record key.

    The record key is a keyed hash: its order is the same each time and says nothing about who is who.
    `default_days`, month * 100 + day, stand for "not known"; None for those that far too many people share.
    """
    ordered = (
        records.sort("record_key")
        .with_columns(
            text.without_titles(text.folded(pl.col("first_name"))).alias("first"),
            text.without_titles(text.folded(pl.col("last_name"))).alias("last"),
            text.street_core(pl.col("street")).alias("street_core"),
            text.folded(pl.col("city")).alias("town"),
            pl.col("postal_code").alias("post"),
            text.mailbox(pl.col("email")).alias("mailbox"),
        )
        .with_columns((pl.col("first").is_not_null() | pl.col("last").is_not_null()).alias("is_named"))
    )
    days = _default_days(ordered.filter("is_named")) if default_days is None else default_days
    return ordered.with_columns(_day_of_year(pl.col("birth_date")).is_in(days).alias("is_default_day"))


def mailboxes(comparable_records: pl.DataFrame) -> pl.DataFrame:
    """One more identifier of every record with an e-mail address: record_key, kind, key, is_owner.

    It lives in memory only, so it needs no keyed hash: no table holds it.
    """
    told = comparable_records.filter(pl.col("mailbox").is_not_null())
    return told.select(
        "record_key",
        pl.lit("mailbox").alias("kind"),
        pl.col("mailbox").alias("key"),
        pl.lit(False).alias("is_owner"),
    )
