from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from alluvium import catalog
from alluvium.errors import AlluviumError, UsageError
from alluvium.job import JobConfig, by_hand, finish_night, finished_nights, load, recorded
from alluvium.lake import ledger
from alluvium.settings import Settings

DAY = date(2017, 11, 5)


def test_the_run_date_ends_at_local_midnight_also_when_clocks_change(settings: Settings) -> None:
    assert JobConfig(date(2017, 11, 4), settings).run_date_end == datetime(2017, 11, 5, 4, tzinfo=UTC)
    assert JobConfig(date(2017, 11, 5), settings).run_date_end == datetime(2017, 11, 6, 5, tzinfo=UTC)


def test_a_job_that_does_not_exist_is_bad_usage() -> None:
    for name in ("ingest.nothing", "nowhere.load", "ingest", "os.path", "ingest.load.run"):
        with pytest.raises(UsageError, match="no job"):
            load(name)


def test_the_command_by_hand_names_job_date_and_options() -> None:
    shown = by_hand("ingest.load", DAY, {"source": "pos"})
    assert shown == "alluvium job ingest.load --run-date 2017-11-05 --option source=pos"


def test_a_failure_is_noted_without_the_values_of_rows(settings: Settings) -> None:
    def fail() -> None:
        raise ValueError("cannot read 'ada@example.com'")

    with pytest.raises(AlluviumError, match="<email>"):
        recorded("room.job", DAY, fail, settings)
    noted = ledger.read(catalog.OPS_RUNS, settings).to_pylist()
    assert [(run["job"], run["status"], run["error"]) for run in noted] == [
        ("room.job", "failed", "cannot read '<email>'")
    ]


def test_a_full_disk_is_said_in_plain_words(settings: Settings) -> None:
    def fill() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(AlluviumError, match="disk is full"):
        recorded("room.job", DAY, fill, settings)


def test_a_finished_night_remembers_the_version_of_every_table(settings: Settings) -> None:
    recorded("room.job", DAY, lambda: {"rows": 3}, settings)
    finish_night(DAY, settings)
    finish_night(DAY, settings)
    assert [(night["run_date"], night["table_versions"]) for night in finished_nights(settings)] == [
        (DAY, {"ops.runs": 1})
    ]
