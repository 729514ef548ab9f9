from datetime import UTC, datetime, timedelta

import pytest

from alluvium.errors import UsageError
from spark_jobs.maintain.tables import Lying
from spark_jobs.maintain.vacuum import is_old_enough, retention_days

NOW = datetime(2017, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("table", "options", "days"),
    [("gold.orders", {}, 30), ("pii.customers", {}, 7), ("gold.orders", {"days": "60"}, 60)],
)
def test_versions_stay_30_days_and_those_of_personal_data_7(table, options, days):
    assert retention_days(table, options) == days


def test_nobody_can_ask_for_less_than_7_days():
    with pytest.raises(UsageError, match="6 days are too few"):
        retention_days("gold.orders", {"days": "6"})


@pytest.mark.parametrize(("age", "old"), [(30, False), (31, True)])
def test_a_table_younger_than_its_retention_is_left_alone(age, old):
    table = Lying("gold.orders", 1, 1, NOW - timedelta(days=age))
    assert is_old_enough(table, 30, NOW) is old


def test_a_creation_time_without_zone_is_utc():
    table = Lying("gold.orders", 1, 1, datetime(2017, 1, 1))
    assert is_old_enough(table, 30, NOW)
