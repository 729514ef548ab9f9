"""Dates as people write them: `1980-04-12`, `12/04/1980`, `12 Apr 1980`, `19800412`, `1980`."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}  # fmt: skip
# In the order in which they are tried; `a` and `b` are day and month in the order that the column uses.
FORMS = (
    r"^(?<year>\d{4})[-/. ](?<month>\d{1,2})[-/. ](?<day>\d{1,2})(?:[t ].*)?$",
    r"^(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})$",
    r"^(?<a>\d{1,2})[-/. ](?<b>\d{1,2})[-/. ](?<year>\d{4})(?:[t ].*)?$",
    r"^(?<a>\d{1,2})[-/. ](?<b>\d{1,2})[-/. ](?<short>\d{2})$",
    r"^(?<day>\d{1,2})(?:st|nd|rd|th)?[-/. ]*(?:of )?(?<word>[a-z]{3,9})[-,/. ]+(?<year>\d{4})$",
    r"^(?<word>[a-z]{3,9})[. ]+(?<day>\d{1,2})(?:st|nd|rd|th)?[, ]+(?<year>\d{4})$",
    r"^(?<year>\d{4})[-/.](?<month>\d{1,2})$",
    r"^(?<year>\d{4})$",
)
PARTS = ("year", "month", "day", "a", "b", "short", "word")
PIVOT = 30  # two-digit years from here on are of the twentieth century


@dataclass(frozen=True)
class Parsed:
    """year * 10000 + month * 100 + day of each value, 0 for a part not told; the share that could be read.

    `day_first`: whether `12/04/1980` was read as in April.
    """

    numbers: pl.Series
    share: float
    day_first: bool


def _part(form: str, part: str) -> pl.Expr:
    if f"<{part}>" not in form:
        return pl.lit(None, pl.Int32).alias(part)
    found = pl.col("value").str.extract_groups(form).struct.field(part)
    if part == "word":
        found = found.str.head(3).replace_strict(MONTHS, default=None, return_dtype=pl.Int32)
    return found.cast(pl.Int32).alias(part)


def _by_form(values: pl.DataFrame) -> pl.DataFrame:
    found, left = [], values
    for form in FORMS:
        is_such = pl.col("value").str.contains(form)
        found.append(left.filter(is_such).with_columns(_part(form, part) for part in PARTS))
        left = left.filter(~is_such)
    return pl.concat(found)


def _day_first(parts: pl.DataFrame) -> bool:
    """Whether `12/04/1980` is in April: by what the column holds that can be read one way only."""
    day_first, month_first = ((parts[part] > 12).sum() for part in ("a", "b"))
    return day_first >= month_first


def _number(day_first: bool) -> pl.Expr:
    one, other = ("a", "b") if day_first else ("b", "a")
    short = pl.col("short") + pl.when(pl.col("short") >= PIVOT).then(1900).otherwise(2000)
    year = pl.coalesce("year", short)
    month = pl.coalesce("month", "word", other).fill_null(0)
    day = pl.coalesce("day", one).fill_null(0)
    swapped = (month > 12) & (month <= 31) & (day <= 12) & (day > 0)
    number = (
        pl.when(swapped).then(year * 10000 + day * 100 + month).otherwise(year * 10000 + month * 100 + day)
    )
    is_one = (pl.min_horizontal(month, day) <= 12) & (pl.max_horizontal(month, day) <= 31) & (year > 0)
    return pl.when(is_one).then(number).alias("number")


def parse(texts: pl.Series, day_first: bool | None = None) -> Parsed:
    """Read each different value once. A value that is no date is not told; `share` says how many were.

    Without `day_first` the values that can be read one way only tell it.
    """
    plain = texts.str.to_lowercase().str.strip_chars()
    values = plain.drop_nulls().unique().alias("value").to_frame().filter(pl.col("value") != "")
    parts = _by_form(values)
    day_first = _day_first(parts) if day_first is None else day_first
    table = parts.select("value", _number(day_first)).drop_nulls()
    told = plain.alias("value").to_frame().join(table, on="value", how="left", maintain_order="left")
    said = int((plain.drop_nulls() != "").sum())
    read = int(told["number"].is_not_null().sum())
    numbers = told["number"].fill_null(0).cast(pl.Int64)
    return Parsed(numbers, read / said if said else 1.0, day_first)
