from datetime import UTC, date, datetime

from spark_jobs.warehouse.build import loaded_since_last_build

FIRST, SECOND, THIRD = date(2017, 11, 1), date(2017, 11, 2), date(2017, 11, 3)


def ran(job, run_date, hour, status="succeeded", counts="{}"):
    began, ended = datetime(2026, 1, 1, hour, tzinfo=UTC), datetime(2026, 1, 1, hour, 30, tzinfo=UTC)
    return {
        "job": job,
        "run_date": run_date,
        "status": status,
        "counts": counts,
        "started_at": began,
        "finished_at": ended,
    }


def test_before_the_first_build_every_loaded_day_is_new():
    runs = [ran("ingest.load", SECOND, 1), ran("ingest.load", FIRST, 2)]
    assert loaded_since_last_build(runs) == [FIRST, SECOND]


def test_a_late_day_counts_and_what_was_built_before_does_not():
    runs = [
        ran("ingest.load", SECOND, 1),
        ran("warehouse.build", SECOND, 2),
        ran("ingest.load", FIRST, 3),
        ran("ingest.replay", SECOND, 4),
    ]
    assert loaded_since_last_build(runs) == [FIRST, SECOND]
    assert loaded_since_last_build(runs[:3]) == [FIRST]


def test_a_build_that_failed_or_was_a_part_leaves_the_days_new():
    runs = [
        ran("ingest.load", FIRST, 1),
        ran("warehouse.build", FIRST, 2, status="failed"),
        ran("warehouse.build", FIRST, 3, counts='{"is_partial": 1}'),
    ]
    assert loaded_since_last_build(runs) == [FIRST]


def test_a_load_that_failed_brought_nothing():
    assert loaded_since_last_build([ran("ingest.load", THIRD, 1, status="failed")]) == []
