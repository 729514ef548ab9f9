"""The gate on silver finds what is missing, doubled, outranked or out of nowhere, each by its name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from alluvium.lake import ledger
from alluvium.settings import Settings
from alluvium.tables.ingest import OPS_BATCHES
from expectations import silver, silver_keys
from expectations.judge import judge

DAY, BEFORE = date(2017, 11, 2), date(2017, 11, 1)
TICKETS = """
description: Tickets, one row per ticket.
files: {format: csv}
columns:
  ticket:     {type: bigint, required: true, comment: Number}
  changed_at: {type: timestamp, time_zone: UTC, required: true, comment: When}
key: [ticket]
newest: [changed_at]
event_time: changed_at
key_repeats_within_days: 2
"""
Row = tuple[int, int, date, str]  # Ticket, hour of the run date before, run date, row hash.


def _table(rows: list[Row]) -> pa.Table:
    tickets, hours, days, hashes = zip(*rows, strict=True)
    times = [datetime(2017, 11, 1, hour, tzinfo=UTC) for hour in hours]
    columns: dict[str, Any] = {
        "ticket": pa.array(tickets, pa.int64()),
        "changed_at": pa.array(times, pa.timestamp("us", "UTC")),
        "_run_date": pa.array(days, pa.date32()),
        "_row_hash": list(hashes),
    }
    return pa.table(columns)


BRONZE: list[Row] = [(1, 8, BEFORE, "a"), (2, 9, BEFORE, "b"), (2, 10, DAY, "c"), (3, 7, DAY, "d")]
SILVER: list[Row] = [(1, 8, BEFORE, "a"), (2, 10, DAY, "c"), (3, 7, DAY, "d")]


def lake(home: Path, held: list[Row]) -> Settings:
    settings = Settings(home=home / "home", sources=home / "sources")
    (settings.sources / "desk").mkdir(parents=True)
    (settings.sources / "desk" / "tickets.yml").write_text(TICKETS)
    write_deltalake(str(settings.lake / "bronze" / "desk_tickets"), _table(BRONZE))
    write_deltalake(str(settings.lake / "silver" / "desk_tickets"), _table(held))
    batch = {"source": "desk", "entity": "tickets", "run_date": DAY, "rows_accepted": 2, "is_initial": False}
    ledger.append(OPS_BATCHES, [batch], settings)
    return settings


@pytest.mark.parametrize(
    ("held", "failed"),
    [
        (SILVER, {}),
        (SILVER[:2], {"keys_missing": 1}),
        ([*SILVER, SILVER[2]], {"keys_twice": 1}),
        ([SILVER[0], (2, 9, BEFORE, "b"), SILVER[2]], {"keys_outranked": 1}),
        ([*SILVER, (4, 7, DAY, "f")], {"rows_without_bronze": 1}),
    ],
    ids=["sound", "missing", "twice", "outranked", "out of nowhere"],
)
def test_what_is_wrong_with_silver_is_told_by_its_name(
    held: list[Row], failed: dict[str, int], tmp_path: Path
) -> None:
    found = silver.figures(lake(tmp_path, held), DAY)
    assert {name: count for name, count in found["silver.desk_tickets"].items() if count} == failed
    judged = judge(silver.SUITE, found, DAY)
    assert {result.check_name for result in judged if result.stops} == set(failed)


def test_a_key_that_stands_twice_however_old_is_found_by_maintenance(tmp_path: Path) -> None:
    settings = lake(tmp_path, [*SILVER, (1, 6, date(2016, 1, 1), "z")])
    assert silver_keys.figures(settings, DAY) == {"silver.desk_tickets": {"keys_twice": 1}}
