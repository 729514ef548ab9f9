"""Membership over nights: who enters, who leaves, what a guard holds, and that a night can be repeated.

The nights run once, because each takes seconds; every test looks at what one of them left behind.
"""

from __future__ import annotations

import shutil
from datetime import date
from types import SimpleNamespace

import pytest
from pyspark.sql import functions as F

from alluvium import catalog, delta, ledger
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from spark_jobs.segments import decide

FIRST, SECOND = date(2017, 11, 1), date(2017, 11, 2)
DEFINITION = """-- owner: crm-team
-- allowed purposes: marketing_email
-- schedule: nightly
-- guard: size between 1 and 10, change at most {change} percent
-- Customers with {column} on the run date.
select customer_id from gold.customer_activity_daily where activity_on = :run_date and {column} > 0
"""
ACTIVITY = "customer_id string, activity_on date, views long, carts long, orders long"
DELIVERED = [("C1", FIRST, 1, 1, 1), ("C2", FIRST, 1, 1, 0), ("C2", SECOND, 1, 0, 0), ("C3", SECOND, 1, 1, 0)]
CORRECTED = [("C1", FIRST, 1, 1, 1), ("C2", FIRST, 1, 1, 0), ("C1", SECOND, 1, 0, 0), ("C4", SECOND, 1, 1, 0)]
MEMBERS, RUNS = catalog.PUBLISHED_SEGMENT_MEMBERS, catalog.PUBLISHED_SEGMENT_RUNS


def put_activity(spark, rows) -> None:
    spark.sql("DROP TABLE IF EXISTS gold.customer_activity_daily")
    spark.createDataFrame(rows, ACTIVITY).write.format("delta").saveAsTable("gold.customer_activity_daily")


@pytest.fixture(scope="module")
def nights(spark, session_settings, tmp_path_factory) -> SimpleNamespace:
    """Two nights; the second is repeated, and once more with a corrected delivery and an approval."""
    spark.sql(f"DROP TABLE IF EXISTS {MEMBERS.full_name}")
    shutil.rmtree(session_settings.lake / RUNS.schema / RUNS.name, ignore_errors=True)
    folder = tmp_path_factory.mktemp("definitions")
    for name, column, change in [
        ("lookers", "views", 100),
        ("carters", "carts", 40),
        ("buyers", "orders", 100),
    ]:
        (folder / f"{name}.sql").write_text(DEFINITION.format(column=column, change=change))

    def run(run_date: date, **options: str) -> SimpleNamespace:
        counts = decide.run(
            spark, JobConfig(run_date, session_settings, {"definitions": str(folder), **options})
        )
        days = [F.date_format(name, "MM-dd").alias(name) for name in ("entered_at", "left_at")]
        rows = delta.read(spark, MEMBERS).select("segment", "customer_id", *days).collect()
        stays = {tuple(row) for row in rows}
        runs = ledger.read(RUNS, session_settings).to_pylist()
        runs = {r["segment"]: r for r in runs if r["run_date"] == run_date}
        return SimpleNamespace(counts=counts, stays=stays, runs=runs, version=delta.version(spark, MEMBERS))

    put_activity(spark, DELIVERED)
    first = run(FIRST)
    (folder / "buyers.sql").unlink()
    second, again = run(SECOND), run(SECOND)
    put_activity(spark, CORRECTED)
    corrected = run(SECOND, approve="carters")
    (folder / "lookers.sql").write_text(DEFINITION.format(column="looks", change=100))
    return SimpleNamespace(first=first, second=second, again=again, corrected=corrected, run=run)


def of(night, segment):
    return {stay[1:] for stay in night.stays if stay[0] == segment}


def test_a_first_night_lets_in_whom_it_finds(nights):
    assert of(nights.first, "lookers") == {("C1", "11-01", None), ("C2", "11-01", None)}
    assert nights.first.counts == {"segments": 3, "held": 0, "entered": 5, "left": 0}


def test_a_night_opens_and_closes_stays(nights):
    expected = {("C1", "11-01", "11-02"), ("C2", "11-01", None), ("C3", "11-02", None)}
    assert of(nights.second, "lookers") == expected


def test_a_repeated_night_makes_no_commit(nights):
    assert nights.again.version == nights.second.version
    assert nights.again.runs == nights.second.runs


def test_a_corrected_night_ends_as_if_the_first_attempt_had_not_been(nights):
    expected = {("C1", "11-01", None), ("C2", "11-01", "11-02"), ("C4", "11-02", None)}
    assert of(nights.corrected, "lookers") == expected


def test_a_held_segment_keeps_its_members_and_says_why(nights):
    assert of(nights.second, "carters") == {("C1", "11-01", None), ("C2", "11-01", None)}
    run = nights.second.runs["carters"]
    assert (run["status"], run["size"], run["found"]) == (decide.HELD, 2, 1)
    assert run["reason"] == "1 entered and 2 left of 2, over 40%"


def test_an_approved_segment_moves_although_its_guard_objects(nights):
    expected = {("C1", "11-01", "11-02"), ("C2", "11-01", "11-02"), ("C4", "11-02", None)}
    assert of(nights.corrected, "carters") == expected


def test_a_removed_definition_retires_its_segment(nights):
    assert of(nights.second, "buyers") == {("C1", "11-01", "11-02")}
    assert nights.second.runs["buyers"]["status"] == decide.RETIRED


def test_an_earlier_night_is_refused(nights):
    with pytest.raises(AlluviumError, match="forward only"):
        nights.run(FIRST)


def test_a_column_that_is_not_there_is_named_with_its_file(nights):
    with pytest.raises(AlluviumError, match="looks") as refused:
        nights.run(SECOND)
    assert refused.value.where == "lookers.sql"
