from datetime import date

import pytest

from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake import ledger
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


def test_one_row_that_is_nowhere_stops_the_night(session_settings, stored_rows):
    note(session_settings, rows_read=101, rows_accepted=90, rows_quarantined=7, rows_duplicate=3)
    with pytest.raises(AlluviumError, match="The gate 'bronze' is shut: rows_unaccounted is 1, expected 0"):
        bronze.run(None, JobConfig(DAY, session_settings))
    assert checks(session_settings)["rows_unaccounted", "stop"] == "failed"


def test_an_accepted_row_that_was_not_stored_stops_the_night(session_settings, stored_rows):
    note(session_settings, rows_read=101, rows_accepted=91, rows_quarantined=7, rows_duplicate=3)
    with pytest.raises(AlluviumError, match=r"rows_not_stored is 1.*bronze\.gate_test"):
        bronze.run(None, JobConfig(DAY, session_settings))
