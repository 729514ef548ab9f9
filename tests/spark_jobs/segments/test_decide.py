"""Membership over nights: who enters, who leaves, what a guard holds, and that a night can be repeated."""

from __future__ import annotations

from datetime import date

import pytest

from alluvium import catalog, delta, ledger
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from spark_jobs.segments import decide
from spark_jobs.segments.header import Guard

FIRST, SECOND = date(2017, 11, 1), date(2017, 11, 2)
DEFINITION = """-- owner: crm-team
-- allowed purposes: marketing_email
-- schedule: nightly
-- guard: size between 1 and 10, change at most 100 percent
-- Customers who {what} on the run date.
select customer_id from gold.customer_activity_daily where activity_on = :run_date and {column} > 0
"""


@pytest.fixture
def definitions(tmp_path):
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "lookers.sql").write_text(DEFINITION.format(what="looked", column="count_product_views"))
    (folder / "buyers.sql").write_text(DEFINITION.format(what="bought", column="count_orders"))
    return folder


@pytest.fixture
def night(spark, session_settings, definitions):
    def run(run_date: date, **options: str) -> dict[str, int]:
        return decide.run(
            spark, JobConfig(run_date, session_settings, {"definitions": str(definitions), **options})
        )

    return run


def stays_of(spark, segment: str) -> set[tuple[str, str, str | None]]:
    rows = delta.read(spark, catalog.PUBLISHED_SEGMENT_MEMBERS).where(f"segment = '{segment}'").collect()
    return {
        (r["customer_id"], f"{r['entered_at']:%m-%d}", r["left_at"] and f"{r['left_at']:%m-%d}") for r in rows
    }


def test_customers_enter_and_leave_and_a_repeated_night_changes_nothing(spark, activity, night):
    activity([("C1", FIRST, 1, 0), ("C2", FIRST, 2, 1), ("C2", SECOND, 1, 1), ("C3", SECOND, 1, 0)])
    night(FIRST)
    assert stays_of(spark, "lookers") == {("C1", "11-01", None), ("C2", "11-01", None)}
    assert night(SECOND) == {"segments": 2, "held": 0, "entered": 1, "left": 1}
    expected = {("C1", "11-01", "11-02"), ("C2", "11-01", None), ("C3", "11-02", None)}
    assert stays_of(spark, "lookers") == expected
    version = delta.version(spark, catalog.PUBLISHED_SEGMENT_MEMBERS)
    night(SECOND)
    assert delta.version(spark, catalog.PUBLISHED_SEGMENT_MEMBERS) == version
    with pytest.raises(AlluviumError, match="forward only"):
        night(FIRST)


def test_a_corrected_night_ends_as_if_the_first_attempt_had_not_been(spark, activity, night):
    activity([("C1", FIRST, 1, 0), ("C2", SECOND, 1, 0)])
    night(FIRST)
    night(SECOND)
    activity([("C1", FIRST, 1, 0), ("C1", SECOND, 1, 0), ("C3", SECOND, 1, 0)])
    night(SECOND)
    assert stays_of(spark, "lookers") == {("C1", "11-01", None), ("C3", "11-02", None)}


def test_a_held_segment_keeps_its_members_until_it_is_approved(spark, session_settings, activity, night):
    activity([("C1", FIRST, 1, 0), ("C2", FIRST, 1, 1), ("C2", SECOND, 0, 1)])
    night(FIRST)
    night(SECOND)
    assert stays_of(spark, "lookers") == {("C1", "11-01", None), ("C2", "11-01", None)}
    runs = ledger.read(catalog.PUBLISHED_SEGMENT_RUNS, session_settings).to_pylist()
    (held,) = [run for run in runs if run["status"] == decide.HELD and run["run_date"] == SECOND]
    assert (held["segment"], held["size"], held["found"]) == ("lookers", 2, 0)
    assert "size 0" in held["reason"]
    night(SECOND, approve="lookers")
    assert stays_of(spark, "lookers") == {("C1", "11-01", "11-02"), ("C2", "11-01", "11-02")}


def test_a_removed_definition_retires_its_segment_and_an_unknown_column_is_named(
    spark, activity, night, definitions
):
    activity([("C1", FIRST, 1, 1), ("C1", SECOND, 1, 1)])
    night(FIRST)
    (definitions / "buyers.sql").unlink()
    night(SECOND)
    assert stays_of(spark, "buyers") == {("C1", "11-01", "11-02")}
    (definitions / "lookers.sql").write_text(DEFINITION.format(what="looked", column="count_views"))
    with pytest.raises(AlluviumError, match="count_views") as refused:
        night(SECOND)
    assert refused.value.where == "lookers.sql"


def test_a_verdict_counts_members_after_the_night():
    guard = Guard(1, 10, 0.3)
    verdict = decide.Verdict("a", before=10, found=5, entered=0, left=5, status=decide.HELD, reason="x")
    assert guard.objection(10, 5, 0, 5) is not None
    assert verdict.size == 10
