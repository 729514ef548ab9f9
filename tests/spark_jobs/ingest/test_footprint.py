"""What a Delta log tells about partitions and ranges."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
from deltalake import write_deltalake

from alluvium.table import Table
from spark_jobs.ingest import footprint

EVENTS = Table("bronze", "events", "Events, one row per event.", key=("n",), partition_by=("_run_date",))
STATE = Table("silver", "state", "States, one row per key.", key=("n",))
FIRST, SECOND, THIRD = (date(2017, 11, day) for day in (1, 2, 3))
ROWS = pa.table({"n": [1, 2, 3], "_run_date": [FIRST, FIRST, THIRD]})


def test_a_table_that_is_not_there_is_empty(settings):
    assert footprint.is_empty(EVENTS, settings)
    assert footprint.days(EVENTS, settings) == []
    assert footprint.row_count(EVENTS, settings, _run_date=FIRST) == 0
    assert not footprint.may_hold_day(STATE, settings, FIRST)


def test_rows_and_days_of_partitions(settings):
    write_deltalake(str(settings.lake / "bronze" / "events"), ROWS, partition_by=["_run_date"])
    assert footprint.days(EVENTS, settings) == [FIRST, THIRD]
    assert footprint.row_count(EVENTS, settings, _run_date=FIRST) == 2
    assert footprint.is_empty(EVENTS, settings, _run_date=SECOND)


def test_a_day_outside_every_range_needs_no_reading(settings):
    path = str(settings.lake / "silver" / "state")
    write_deltalake(path, ROWS.slice(0, 2))
    write_deltalake(path, ROWS.slice(2, 1), mode="append")
    assert footprint.may_hold_day(STATE, settings, FIRST)
    assert not footprint.may_hold_day(STATE, settings, SECOND)
