"""Membership over nights: who enters, who leaves, what a guard holds, and that a night can be repeated.

The nights run once, because each takes seconds; every test looks at what one of them left behind.
"""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pyarrow as pa
import pytest
from pyspark.sql import functions as F

from alluvium import catalog
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake import delta, ledger, stays
from alluvium.settings import Settings
from spark_jobs.segments import decide, driver, moment
from spark_jobs.segments.lifecycle import RETIRED
from spark_jobs.segments.verdict import HELD
from tests.spark_jobs.segments.lake import MEMBERS, members, members_version, put

FIRST, SECOND = date(2017, 11, 1), date(2017, 11, 2)
DEFINITION = """-- owner: crm-team
-- allowed purposes: marketing_email
-- schedule: nightly
-- guard: size between 1 and 10, change at most {change} percent
-- Customers with {column} on the run date.
select customer_id from gold.customer_activity_daily where activity_on = :run_date and {column} > 0
"""
ACTIVITY = ("customer_id", "activity_on", "views", "carts", "orders")
DELIVERED = [("C1", FIRST, 1, 1, 1), ("C2", FIRST, 1, 1, 0), ("C2", SECOND, 1, 0, 0), ("C3", SECOND, 1, 1, 0)]
CORRECTED = [("C1", FIRST, 1, 1, 1), ("C2", FIRST, 1, 1, 0), ("C1", SECOND, 1, 0, 0), ("C4", SECOND, 1, 1, 0)]
RUNS = catalog.PUBLISHED_SEGMENT_RUNS


def put_activity(settings: Settings, rows: list[tuple[object, ...]]) -> None:
    table = pa.Table.from_pylist([dict(zip(ACTIVITY, row, strict=True)) for row in rows])
    put(settings, "gold.customer_activity_daily", table)


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Settings:
    """A lake on this machine: what is small enough is decided without Spark."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    ledger.create(MEMBERS, settings)
    return settings


@pytest.fixture(scope="module")
def nights(lake, tmp_path_factory) -> SimpleNamespace:
    """Two nights; the second is repeated, and once more with a corrected delivery and an approval."""
    folder = tmp_path_factory.mktemp("definitions")
    for name, column, change in [
        ("lookers", "views", 100),
        ("carters", "carts", 40),
        ("buyers", "orders", 100),
    ]:
        (folder / f"{name}.sql").write_text(DEFINITION.format(column=column, change=change))

    def run(run_date: date, **options: str) -> SimpleNamespace:
        counts = decide.run(None, JobConfig(run_date, lake, {"definitions": str(folder), **options}))
        rows = members(lake).to_pylist()
        days = [
            tuple(row[name] and f"{row[name]:%m-%d}" for name in ("entered_at", "left_at")) for row in rows
        ]
        runs = {r["segment"]: r for r in ledger.read(RUNS, lake).to_pylist() if r["run_date"] == run_date}
        return SimpleNamespace(
            counts=counts,
            stays={(row["segment"], row["customer_id"], *day) for row, day in zip(rows, days, strict=True)},
            runs=runs,
            version=members_version(lake),
        )

    put_activity(lake, DELIVERED)
    first = run(FIRST)
    (folder / "buyers.sql").unlink()
    second, again = run(SECOND), run(SECOND)
    put_activity(lake, CORRECTED)
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
    assert (run["status"], run["size"], run["found"]) == (HELD, 2, 1)
    assert run["reason"] == "1 entered and 2 left of 2, over 40%"


def test_an_approved_segment_moves_although_its_guard_objects(nights):
    expected = {("C1", "11-01", "11-02"), ("C2", "11-01", "11-02"), ("C4", "11-02", None)}
    assert of(nights.corrected, "carters") == expected


def test_a_removed_definition_retires_its_segment(nights):
    assert of(nights.second, "buyers") == {("C1", "11-01", "11-02")}
    assert nights.second.runs["buyers"]["status"] == RETIRED


def test_an_earlier_night_is_refused(nights):
    with pytest.raises(AlluviumError, match="forward only"):
        nights.run(FIRST)


def test_a_column_that_is_not_there_is_named_with_its_file(nights):
    with pytest.raises(AlluviumError, match="looks") as refused:
        nights.run(SECOND)
    assert refused.value.where == "lookers.sql"


def test_a_past_day_is_reproduced_exactly(nights, lake):
    from alluvium.lake import driver_stays, lake_sql

    def members_on(day: date) -> set[tuple[str, str]]:
        query = "SELECT segment, customer_id FROM published.segment_members AS stays WHERE "
        at = stays.night_at(day)
        return set(lake_sql.ask(lake_sql.View(lake), query + driver_stays.is_in(at)).fetchall())

    assert members_on(FIRST) == {stay[:2] for stay in nights.first.stays}
    assert members_on(SECOND) == {stay[:2] for stay in nights.corrected.stays if stay[3] is None}


def test_spark_and_duckdb_decide_alike(spark, session_settings, tmp_path):
    """The same two nights by Spark, which decides what the driver does not."""
    spark.sql(f"DROP TABLE IF EXISTS {MEMBERS.full_name}")
    delta.create(spark, MEMBERS)
    (tmp_path / "lookers.sql").write_text(DEFINITION.format(column="views", change=100))
    ddl = "customer_id string, activity_on date, views long, carts long, orders long"
    spark.sql("DROP TABLE IF EXISTS gold.customer_activity_daily")
    for run_date in (FIRST, SECOND):
        rows = spark.createDataFrame(DELIVERED, ddl).write.format("delta").mode("overwrite")
        rows.saveAsTable("gold.customer_activity_daily")
        config = JobConfig(run_date, session_settings, {"definitions": str(tmp_path)})
        at = moment.of_night(config)
        definitions = decide.chosen(config, at)
        here = driver.compare(session_settings, definitions, at)
        judged = decide._by_spark(spark, config, definitions, at, {})
        assert {v.segment: (v.entered, v.left) for v in judged} == {
            name: (counts.get("entered", 0), counts.get("left", 0)) for name, counts in here.counts.items()
        }
        days = [F.date_format(name, "MM-dd").alias(name) for name in ("entered_at", "left_at")]
        rows = delta.read(spark, MEMBERS).select("customer_id", *days).collect()
        changed = {row["customer_id"] for row in here.changes.to_pylist()}
        assert changed == {r["customer_id"] for r in rows if f"{run_date:%m-%d}" in (r[1], r[2])}
