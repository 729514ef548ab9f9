"""Dates in the forms that people write."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from spark_jobs.identity.engine import day, days


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1980-04-12", 19800412),
        ("1980/4/2", 19800402),
        ("19800412", 19800412),
        ("1980-04-12T08:30:00", 19800412),
        ("1980-04-12 08:30:00.000", 19800412),
        ("12 Apr 1980", 19800412),
        ("12th of April, 1980", 19800412),
        ("April 12, 1980", 19800412),
        ("12-Sept-1980", 19800912),
        ("12.04.80", 19800412),
        ("1980-04", 19800400),
        ("1980", 19800000),
        ("1980-13-45", 0),
        ("soon", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_a_date_is_read_in_any_form(text: str | None, number: int) -> None:
    assert days.parse(pl.Series([text], dtype=pl.String)).numbers.to_list() == [number]


def test_which_comes_first_day_or_month_follows_from_the_column() -> None:
    day_first = days.parse(pl.Series(["03/04/1980", "25/04/1980"]))
    month_first = days.parse(pl.Series(["03/04/1980", "04/25/1980"]))
    assert day_first.numbers.to_list() == [19800403, 19800425]
    assert month_first.numbers.to_list() == [19800304, 19800425]


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("1980-04-12", "1980-04-12", "same"),
        ("1980-04-12", "1980-04-13", "one digit"),
        ("1980-04-12", "1980-04-21", "one digit"),
        ("1980-04-12", "1980-12-04", "day and month swapped"),
        ("1980-04-12", "1981-04-13", "two digits"),
        ("1980-04-12", "1980", "same year"),
        ("1980-04-12", "1980-09-28", "same year"),
        ("1980-04-12", "1961-04-12", "two digits"),
        ("1980-04-12", "2003-04-12", "same day of the year"),
        ("1980-04-12", "1959-09-28", "different"),
        ("1980-04-12", None, "missing"),
    ],
)
def test_two_dates_have_the_level_of_what_they_share(one: str, other: str | None, level: str) -> None:
    attribute, _ = day.build("born", 1, pl.Series([one, other], dtype=pl.String))
    assert attribute.describe(int(attribute.compare(np.array([0]), np.array([1]))[0])) == level
