from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake import ledger
from alluvium.settings import Settings
from alluvium.tables.ingest import OPS_BATCHES
from alluvium.tables.ops import OPS_CHECKS
from expectations import bronze

DAY = date(2016, 2, 29)  # No other test has a batch on it.
BATCH = {"source": "gate", "entity": "test", "run_date": DAY, "rows_duplicate": 0, "status": "loaded"}


@pytest.fixture
def stored_rows(spark):
    """Ninety accepted rows, in a source that no contract knows."""
    spark.sql(
        "CREATE OR REPLACE TABLE bronze.gate_test USING delta AS "
        f"SELECT DATE'{DAY}' AS _run_date, id FROM range(90)"
    )
    yield
    spark.sql("DROP TABLE bronze.gate_test")


def checks(settings):
    """How each check of the day went the last time."""
    rows = sorted(ledger.read(OPS_CHECKS, settings).to_pylist(), key=lambda row: row["checked_at"])
    return {(row["check_name"], row["severity"]): row["status"] for row in rows if row["run_date"] == DAY}


def note(settings, **counts):
    ledger.replace(OPS_BATCHES, [{**BATCH, **counts}], f"run_date = DATE '{DAY}'", settings)


def test_a_batch_whose_rows_are_all_accounted_for_passes(session_settings, stored_rows):
    note(session_settings, rows_read=100, rows_accepted=90, rows_quarantined=7, rows_duplicate=3)
    counts = bronze.run(None, JobConfig(DAY, session_settings))
    assert counts == {"checks": 5, "warnings": 1}
    assert checks(session_settings)["quarantined_share", "warn"] == "failed"


def test_rows_of_people_who_refused_are_not_bad_rows(session_settings, stored_rows):
    note(
        session_settings,
        rows_read=100,
        rows_accepted=90,
        rows_quarantined=7,
        rows_suppressed=6,
        rows_duplicate=3,
    )
    assert bronze.run(None, JobConfig(DAY, session_settings)) == {"checks": 5, "warnings": 0}


def test_one_row_that_is_nowhere_stops_the_night(session_settings, stored_rows):
    note(session_settings, rows_read=101, rows_accepted=90, rows_quarantined=7, rows_duplicate=3)
    with pytest.raises(AlluviumError, match="The gate 'bronze' is shut: rows_unaccounted is 1, expected 0"):
        bronze.run(None, JobConfig(DAY, session_settings))
    assert checks(session_settings)["rows_unaccounted", "stop"] == "failed"


def test_an_accepted_row_that_was_not_stored_stops_the_night(session_settings, stored_rows):
    note(session_settings, rows_read=101, rows_accepted=91, rows_quarantined=7, rows_duplicate=3)
    with pytest.raises(AlluviumError, match=r"rows_not_stored is 1.*bronze\.gate_test"):
        bronze.run(None, JobConfig(DAY, session_settings))


FEED = """
description: Feed.
files: {format: csv}
columns:
  ticket: {type: bigint, required: true, comment: Number}
  seen_at: {type: timestamp, time_zone: UTC, comment: When}
key: [ticket]
event_time: seen_at
"""


def test_a_feed_that_repeats_last_week_is_told_by_its_newest_event(tmp_path):
    settings = Settings(home=tmp_path / "home", sources=tmp_path / "sources")
    (settings.sources / "desk").mkdir(parents=True)
    (settings.sources / "desk" / "feed.yml").write_text(FEED)
    rows = {"_run_date": [DAY] * 2, "_row_hash": ["a", "b"], "ticket": [1, 2]}
    seen = [datetime(2016, 2, 20, tzinfo=UTC), datetime(2016, 2, 22, 23, tzinfo=UTC)]
    write_deltalake(str(settings.lake / "bronze" / "desk_feed"), pa.table({**rows, "seen_at": seen}))
    batch = {**BATCH, "source": "desk", "entity": "feed", "rows_quarantined": 0}
    ledger.append(OPS_BATCHES, [{**batch, "rows_read": 2, "rows_accepted": 2}], settings)
    assert bronze.figures(settings, DAY)["bronze.desk_feed"]["days_behind"] == 7
