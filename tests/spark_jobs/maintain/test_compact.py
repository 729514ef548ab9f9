from datetime import UTC, date, datetime

import pytest

from alluvium import catalog
from alluvium.job import JobConfig
from spark_jobs.maintain import compact
from spark_jobs.maintain.compact import is_scattered, statement
from spark_jobs.maintain.tables import Lying, lying, names

LONG_AGO = datetime(2017, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count_files", "size_bytes", "scattered"),
    [(50, 50 * 1000, True), (49, 49 * 1000, False), (50, 50 * 2**30, False), (0, 0, False)],
)
def test_only_a_table_of_many_small_files_is_worth_a_rewrite(count_files, size_bytes, scattered):
    assert is_scattered(Lying("gold.orders", count_files, size_bytes, LONG_AGO)) is scattered


@pytest.fixture
def scattered_table(spark, monkeypatch):
    """Three small files count as many here: fifty commits would take the test half a minute."""
    monkeypatch.setattr(compact, "MANY_FILES", 3)
    spark.sql("CREATE OR REPLACE TABLE gold.compact_test USING delta AS SELECT 1 AS number")
    for number in (2, 3):
        spark.sql(f"INSERT INTO gold.compact_test VALUES ({number})")
    spark.sql("CREATE OR REPLACE VIEW staging.compact_test AS SELECT 1 AS number")
    yield "gold.compact_test"
    spark.sql("DROP TABLE gold.compact_test")
    spark.sql("DROP VIEW staging.compact_test")


def test_compaction_changes_no_row_and_finds_nothing_the_second_time(
    spark, session_settings, scattered_table
):
    config = JobConfig(date(2017, 11, 1), session_settings, {"table": scattered_table})
    assert [compact.run(spark, config) for _ in range(2)] == [
        {"tables": 1, "compacted": 1},
        {"tables": 1, "compacted": 0},
    ]
    assert [table.count_files for table in lying(spark, config.options)] == [1]
    assert sorted(row["number"] for row in spark.table(scattered_table).collect()) == [1, 2, 3]


def test_silver_is_put_together_by_time_of_events(session_settings):
    assert statement("silver.web_events", session_settings) == (
        "OPTIMIZE silver.web_events ZORDER BY (occurred_at)"
    )
    assert statement("silver.pos_products", session_settings) == "OPTIMIZE silver.pos_products"
    assert statement("gold.orders", session_settings) == "OPTIMIZE gold.orders"


def test_views_and_ledgers_are_no_tables_to_maintain(spark, scattered_table):
    found = names(spark)
    assert "gold.compact_test" in found
    assert "staging.compact_test" not in found
    assert not {table.full_name for table in catalog.LEDGERS} & set(found)
