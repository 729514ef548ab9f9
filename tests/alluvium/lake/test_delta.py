from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from alluvium.lake import delta, driver_delta
from alluvium.settings import Settings
from alluvium.table import Table

COLUMNS = {"id": ("int", "Id"), "name": ("string", 'It\'s "name"'), "day": ("date", "Day")}
TABLE = Table("ml", "verbs", "A table for tests, one row per id.", ("id",), COLUMNS, partition_by=("day",))
ROWS = "id int, name string, day string"


@pytest.fixture(autouse=True)
def fresh(spark: SparkSession) -> None:
    spark.sql("drop table if exists ml.verbs")


def rows(spark: SparkSession) -> list[tuple[int, str, str]]:
    return sorted((row["id"], row["name"], str(row["day"])) for row in spark.table("ml.verbs").collect())


def test_a_merge_inserts_updates_what_differs_and_is_quiet_the_second_time(spark: SparkSession) -> None:
    delta.append(spark.createDataFrame([(1, "a", "2017-11-01"), (2, "b", "2017-11-01")], ROWS), TABLE)
    incoming = spark.createDataFrame([(2, "c", "2017-11-01"), (3, None, "2017-11-02")], ROWS)
    delta.merge(incoming, TABLE, on=["id"])
    assert rows(spark) == [(1, "a", "2017-11-01"), (2, "c", "2017-11-01"), (3, None, "2017-11-02")]
    before = delta.version(spark, TABLE)
    delta.merge(incoming, TABLE, on=["id"])
    assert delta.version(spark, TABLE) == before


def test_replacing_a_slice_leaves_the_others_and_refuses_rows_outside(spark: SparkSession) -> None:
    delta.append(spark.createDataFrame([(1, "a", "2017-11-01"), (2, "b", "2017-11-02")], ROWS), TABLE)
    delta.replace_where(
        spark.createDataFrame([(3, "c", "2017-11-01")], ROWS), TABLE, "day = DATE'2017-11-01'"
    )
    assert rows(spark) == [(2, "b", "2017-11-02"), (3, "c", "2017-11-01")]
    with pytest.raises(Exception, match=r"REPLACE_WHERE_MISMATCH|failed validation check"):
        delta.replace_where(
            spark.createDataFrame([(4, "d", "2017-11-03")], ROWS), TABLE, "day = DATE'2017-11-01'"
        )
    assert len(rows(spark)) == 2


def test_nothing_for_nothing_makes_no_commit(spark: SparkSession) -> None:
    delta.create(spark, TABLE)
    before = delta.version(spark, TABLE)
    delta.replace_where(spark.createDataFrame([], ROWS), TABLE, "day = DATE'2017-11-01'")
    assert delta.version(spark, TABLE) == before


def test_deleting_by_key_takes_those_rows_only(spark: SparkSession) -> None:
    delta.append(spark.createDataFrame([(1, "a", "2017-11-01"), (2, "b", "2017-11-01")], ROWS), TABLE)
    delta.delete_keys(spark.createDataFrame([(1,)], "id int"), TABLE, on=["id"])
    assert rows(spark) == [(2, "b", "2017-11-01")]


def test_comments_reach_the_table(spark: SparkSession) -> None:
    delta.create(spark, TABLE)
    described = {row["col_name"]: row["comment"] for row in spark.sql("describe ml.verbs").collect()}
    assert described["name"] == COLUMNS["name"][1]


def test_what_a_killed_creation_left_behind_is_cleared(
    spark: SparkSession, session_settings: Settings
) -> None:
    unborn = session_settings.lake / "ml" / "verbs" / "_delta_log"
    unborn.mkdir(parents=True)
    (unborn / ".00000000000000000000.json.tmp").write_text("half a comm")
    delta.create(spark, TABLE)
    assert rows(spark) == []


def test_a_folder_that_holds_commits_is_never_cleared(
    spark: SparkSession, session_settings: Settings
) -> None:
    delta.append(spark.createDataFrame([(1, "a", "2017-11-01")], ROWS), TABLE)
    assert not driver_delta.clear_unborn(spark, TABLE)
    assert rows(spark) == [(1, "a", "2017-11-01")]
