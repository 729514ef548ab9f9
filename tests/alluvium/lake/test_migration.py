"""A lake of an earlier release: what it lacks is found, and columns are added without touching a row."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from alluvium.lake import delta_types, ledger, migration
from alluvium.settings import Settings
from alluvium.tables.ingest import OPS_BATCHES

CONTRACT = """
description: Tickets.
files: {format: csv}
columns:
  ticket: {type: bigint, required: true, comment: Number}
  amount: {type: "decimal(12,2)", comment: Paid}
  tags:   {type: "array<string>", comment: What it is about}
key: [ticket]
"""
YML = """
models:
  - name: orders
    columns: [{name: order_id, data_type: string}, {name: channel, data_type: string}]
  - name: returns
    columns: [{name: return_id, data_type: string}]
"""


@pytest.fixture
def old(tmp_path: Path) -> Settings:
    """A lake from before `tags`, when a ticket was an int."""
    settings = Settings(home=tmp_path / "home", sources=tmp_path / "sources")
    (tmp_path / "sources" / "desk").mkdir(parents=True)
    (tmp_path / "sources" / "desk" / "tickets.yml").write_text(CONTRACT)
    rows = pa.table(
        {"ticket": pa.array([1, 2], pa.int32()), "amount": pa.array([None, None], pa.decimal128(12, 2))}
    )
    write_deltalake(str(settings.lake / "silver" / "desk_tickets"), rows)
    write_deltalake(str(settings.lake / "gold" / "orders"), pa.table({"order_id": ["o1"]}))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "orders.yml").write_text(YML)
    days = [date(2017, 11, 3), date(2017, 10, 31)]
    batches = [{"source": "desk", "entity": "tickets", "run_date": day, "file_count": 1} for day in days]
    ledger.append(OPS_BATCHES, batches, settings)
    return settings


def _told(settings: Settings, tmp_path: Path) -> dict[tuple[str, str], migration.Step]:
    return {(step.table, step.column): step for step in migration.plan(settings, tmp_path / "models")}


def test_what_is_missing_or_different_is_told_with_what_mends_it(old: Settings, tmp_path: Path) -> None:
    steps = _told(old, tmp_path)
    tags, ticket = steps["silver.desk_tickets", "tags"], steps["silver.desk_tickets", "ticket"]
    assert (tags.change, tags.was, tags.wanted) == ("add", None, "array<string>")
    assert (
        tags.afterwards == "alluvium ingest --from 2017-10-31 --to 2017-11-03 --source desk --entity tickets"
    )
    assert (ticket.change, ticket.was, ticket.wanted) == ("retype", "integer", "long")
    assert ("silver.desk_tickets", "amount") not in steps
    channel = steps["gold.orders", "channel"]
    assert channel.change == "rebuild"
    assert channel.afterwards.endswith("--option full_refresh=true --option select=orders")
    assert not [step for step in steps.values() if step.table == "gold.returns"]  # not made yet


def test_columns_are_added_in_one_commit_and_no_row_is_touched(old: Settings, tmp_path: Path) -> None:
    path = old.lake / "silver" / "desk_tickets"
    before = DeltaTable(str(path))
    files = before.file_uris()
    count = migration.apply(migration.plan(old, tmp_path / "models"), old)
    after = DeltaTable(str(path))
    assert after.version() == before.version() + 1
    assert after.file_uris() == files
    added = {field.name: field for field in after.schema().fields}["tags"]
    assert added.metadata["comment"] == "What it is about"
    assert count == len(after.schema().fields) - 2
    assert not [step for step in _told(old, tmp_path).values() if step.is_automatic]
    assert after.to_pyarrow_table()["ticket"].to_pylist() == [1, 2]


def test_an_empty_home_needs_nothing(tmp_path: Path) -> None:
    assert migration.plan(Settings(home=tmp_path), tmp_path) == []


@pytest.mark.parametrize(
    ("spark", "shown"),
    [
        ("bigint", "long"),
        ("int", "integer"),
        ("string", "string"),
        ("timestamp", "timestamp"),
        ("decimal(12,2)", "decimal(12,2)"),
        ("array<int>", "array<integer>"),
        ("map<string,boolean>", "map<string,boolean>"),
        ("array<struct<id:bigint,price:decimal(12,2)>>", "array<struct<id:long,price:decimal(12,2)>>"),
    ],
)
def test_types_are_named_as_delta_names_them(spark: str, shown: str) -> None:
    assert delta_types.shown(delta_types.of_spark(spark)) == shown
