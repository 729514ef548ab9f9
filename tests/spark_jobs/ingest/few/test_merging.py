"""A night's merge reads what it can meet of a table, however long the history, and writes what changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from alluvium.contracts.contract import Contract, parse
from alluvium.contracts.ranking import outranks, rank_columns
from alluvium.settings import Settings
from alluvium.tables import ingest as tables
from spark_jobs.ingest import reach
from spark_jobs.ingest.few import data_file, merging

CLICKS = """
description: Clicks, one row per click.
files: {format: json}
columns:
  click_id:    {type: string, required: true}
  clicked_at:  {type: timestamp, time_zone: UTC, required: true}
  received_at: {type: timestamp, time_zone: UTC, required: true}
  page:        {type: string}
key: [click_id]
newest: [received_at]
event_time: clicked_at
key_repeats_within_days: 2
"""
RECEIPTS = CLICKS.replace("click_id:    {type: string", "click_id:    {type: bigint").replace(
    "key_repeats_within_days: 2\n", ""
)
NIGHT = date(2017, 11, 1)


def rows_of(contract: Contract, day: date, keys: list[object], page: str = "a", minute: int = 0) -> pa.Table:
    """Rows of silver: one a key, clicked on the day."""
    at = datetime(day.year, day.month, day.day, 12, minute, tzinfo=UTC)
    schema = pa.schema(
        {
            "click_id": pa.string() if contract.columns["click_id"].type == "string" else pa.int64(),
            "clicked_at": pa.timestamp("us", "UTC"),
            "received_at": pa.timestamp("us", "UTC"),
            "page": pa.string(),
            "_run_date": pa.date32(),
            "_source_file": pa.string(),
            "_row_hash": pa.string(),
        }
    )
    found = [
        dict(zip(schema.names, (key, at, at, page, day, "f", f"{key}-{page}"), strict=True)) for key in keys
    ]
    return pa.Table.from_pylist(found, schema=schema)


def keys_of(contract: Contract, day: date, count: int = 50) -> list[object]:
    """Keys in no order of time when they are texts, in the order of time when they are numbers."""
    if contract.columns["click_id"].type == "string":
        return [blake2b(f"{day}{number}".encode(), digest_size=4).hexdigest() for number in range(count)]
    return [day.toordinal() * 1000 + number for number in range(count)]


def lake_with_history(home: Path, contract: Contract, days: int) -> Settings:
    """Silver with a file for each of so many days before the night."""
    settings = Settings(home=home)
    path = settings.lake / "silver" / contract.name
    for back in range(days, 0, -1):
        day = NIGHT - timedelta(days=back)
        write_deltalake(str(path), rows_of(contract, day, keys_of(contract, day)), mode="append")
    return settings


def merge(contract: Contract, settings: Settings, rows: pa.Table) -> None:
    merging.merge(
        rows,
        tables.silver(contract),
        settings,
        on=contract.silver_key,
        compared=rank_columns(contract),
        update_when=outranks(contract),
        within=reach.reach_of(contract),
    )


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """The data files that a merge opens."""
    found: list[Path] = []

    def look(file: Path, schema: pa.Schema) -> pa.Table:
        found.append(file)
        return data_file.columns_of(file, schema)

    monkeypatch.setattr(merging, "columns_of", look)
    return found


@pytest.mark.parametrize("promise", [CLICKS, RECEIPTS], ids=["random keys", "growing keys"])
def test_the_bytes_that_a_night_reads_do_not_grow_with_history(
    promise: str, tmp_path: Path, opened: list[Path]
) -> None:
    contract = parse(promise, "site", "clicks", "clicks.yml")
    night = rows_of(contract, NIGHT, keys_of(contract, NIGHT))
    read = []
    for days in (4, 40):
        opened.clear()
        settings = lake_with_history(tmp_path / f"{days}", contract, days)
        merge(contract, settings, night)
        read.append(sum(file.stat().st_size for file in opened))
        assert DeltaTable(str(settings.lake / "silver" / contract.name)).count() == 50 * (days + 1)
    assert read[0] == read[1]
    assert (read[0] > 0) == (promise == CLICKS)


def test_a_stored_row_gives_way_to_a_higher_rank_only_and_other_files_stay(tmp_path: Path) -> None:
    contract = parse(CLICKS, "site", "clicks", "clicks.yml")
    settings = lake_with_history(tmp_path, contract, 3)
    table = DeltaTable(str(settings.lake / "silver" / contract.name))
    before = set(table.file_uris())
    day = NIGHT - timedelta(days=1)
    higher, lower, *_ = keys_of(contract, day)
    rows = pa.concat_tables(
        [
            rows_of(contract, day, [higher], "newer", minute=5),
            rows_of(contract, day - timedelta(days=1), [lower], "older"),
            rows_of(contract, NIGHT, ["new"], "new"),
        ]
    )
    merge(contract, settings, rows)
    table.update_incremental()
    pages = dict(
        zip(*(table.to_pyarrow_table()[name].to_pylist() for name in ("click_id", "page")), strict=True)
    )
    assert (pages[higher], pages[lower], pages["new"]) == ("newer", "a", "new")
    assert len(pages) == table.count() == 151
    assert len(before & set(table.file_uris())) == 2

    version = table.version()
    merge(contract, settings, rows)
    assert DeltaTable(str(settings.lake / "silver" / contract.name)).version() == version


@pytest.mark.parametrize(("days_later", "files"), [(0, 3), (2, 4), (3, 3), (10, 0)])
def test_a_copy_is_looked_for_as_far_as_the_contract_promises(
    days_later: int, files: int, tmp_path: Path
) -> None:
    contract = parse(CLICKS, "site", "clicks", "clicks.yml")
    settings = lake_with_history(tmp_path, contract, 4)
    copy = rows_of(contract, NIGHT - timedelta(days=4 - days_later), ["copy"])
    within = {"clicked_at": reach.reach_of(contract)["clicked_at"]}
    assert len(reach.near_files(tables.silver(contract), settings, copy, within)) == files


def test_no_text_of_a_row_stands_in_a_condition() -> None:
    at = datetime(2017, 11, 1, 12, tzinfo=UTC)
    ends = {"click_id": ("a", "b"), "number": (1, 9), "clicked_at": (at, at)}
    within = {"click_id": reach.NOT_APART, "number": reach.NOT_APART, "clicked_at": timedelta(days=2)}
    assert reach.condition(ends, within) == (
        "(t.`number` >= 1) AND (t.`number` <= 9) AND "
        "(t.`clicked_at` >= TIMESTAMP '2017-10-30T12:00:00.000000Z') AND "
        "(t.`clicked_at` <= TIMESTAMP '2017-11-03T12:00:00.000000Z')"
    )
