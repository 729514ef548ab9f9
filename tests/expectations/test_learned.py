"""Bounds that history teaches: an odd day is told, an ordinary one is not, and few days teach nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from alluvium.contracts import contract
from expectations.delivered_days import counted, query
from expectations.learned import LEAST_WEEKS, bounds_of, of_table

CALLS = contract.parse(
    """
description: Calls, one row per call.
files: {format: csv}
columns:
  call:   {type: int, required: true}
  caller: {type: string, pii: name}
  card:   {type: string, identifier: loyalty_card}
  topic:  {type: string, allowed: [order, return]}
  at:     {type: timestamp, time_zone: UTC, required: true}
key: [call]
event_time: at
""",
    "desk",
    "calls",
    "calls.yml",
)
DAY = date(2017, 11, 2)


def seen(today: tuple[int, ...], before: list[tuple[int, ...]]):
    days = {DAY - timedelta(weeks=week): counts for week, counts in enumerate(before, start=1)}
    return {one.check: one for one in of_table(CALLS, {DAY: today, **days}, DAY)}


def test_a_median_absolute_deviation_is_not_moved_by_one_odd_day():
    one_odd = [100, 102, 98, 101, 99, 100, 100, 10_000]
    assert bounds_of(one_odd, 1) == pytest.approx((100 - 7.413, 100 + 7.413))
    assert bounds_of([100] * 8, 30) == (70, 130)
    assert bounds_of([100] * (LEAST_WEEKS - 1), 30) is None


def test_of_what_a_person_is_called_nothing_is_counted():
    assert list(counted(CALLS)) == [
        "null_share:card",
        "null_share:topic",
        "value_share:topic=order",
        "value_share:topic=return",
    ]
    assert "caller" not in query(CALLS, "America/New_York", [DAY])


def test_a_day_like_the_others_is_inside_and_an_odd_one_is_not():
    usual = [(1000, 200, 10, 600, 390)] * 10
    assert all(one.is_inside for one in seen((1100, 215, 15, 650, 435), usual).values())

    odd = seen((100, 20, 90, 6, 4), usual)
    assert {check for check, one in odd.items() if not one.is_inside} == {
        "rows_of_the_day",
        "null_share",
        "value_share",
    }
    assert odd["null_share"].words == "0 to 0.06 by the same weekdays, topic"
    assert odd["null_share"].observed == 0.9


def test_a_day_without_rows_is_odd_and_the_first_weeks_teach_nothing():
    assert not seen((0, 0, 0, 0, 0), [(1000, 0, 0, 0, 0)] * 8)["rows_of_the_day"].is_inside
    early = seen((100, 0, 0, 0, 0), [(1000, 0, 0, 0, 0)] * 7)
    assert {one.bounds for one in early.values()} == {None}
    assert early["rows_of_the_day"].words.startswith("not enough history")
