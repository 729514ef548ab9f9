from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from alluvium.errors import UsageError
from dags.common.run_date import as_of, run_date


def context(partition_key=None, logical_date=None):
    return {"dag_run": SimpleNamespace(partition_key=partition_key, logical_date=logical_date)}


@pytest.mark.parametrize(
    ("key", "day"),
    [
        ("2017-11-01", date(2017, 11, 1)),
        ("before-2017-11-05", date(2017, 11, 4)),
        ("before-2018-01-01", date(2017, 12, 31)),
        ("2017-11-01T23:30", date(2017, 11, 1)),
    ],
)
def test_the_partition_key_is_the_run_date(key, day):
    assert run_date(context(key)) == day


def test_a_run_by_hand_has_a_logical_date_whose_day_counts_as_written():
    assert run_date(context(logical_date=datetime(2017, 11, 1, tzinfo=UTC))) == date(2017, 11, 1)


def test_the_partition_key_wins_over_the_logical_date():
    assert run_date(context("2017-11-01", datetime(2026, 1, 1, tzinfo=UTC))) == date(2017, 11, 1)


def test_a_run_without_any_date_is_refused():
    with pytest.raises(UsageError, match="no date"):
        run_date(context())


def test_a_key_that_is_no_date_is_refused_by_name():
    with pytest.raises(UsageError, match="'latest' is no run date"):
        run_date(context("latest"))


@pytest.mark.parametrize(
    ("key", "hour"), [("2017-11-01T14:30", 18), ("2017-12-01T14:30", 19)], ids=["summer time", "winter time"]
)
def test_a_moment_is_local_in_the_key_and_utc_in_the_job(key, hour):
    assert as_of(context(key)).astimezone(UTC).hour == hour
