"""What a file has otherwise than its contract: found before it is read, told without a value."""

from __future__ import annotations

import json

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alluvium.contracts import contract
from alluvium.contracts.contract import Contract
from alluvium.errors import AlluviumError
from spark_jobs.ingest import drift
from spark_jobs.ingest.landing import Delivery
from spark_jobs.ingest.store import Landed
from tests.spark_jobs.ingest.test_landing import DAY


def promise(format_: str = "csv", more: str = "") -> Contract:
    text = f"""
description: Tickets, one row per ticket.
files: {{format: {format_}}}
{more}
columns:
  ticket:  {{type: bigint, required: true}}
  paid_at: {{type: timestamp, time_zone: UTC}}
  zone:    {{type: string}}
key: [ticket]
"""
    return contract.parse(text, "garage", "tickets", "tickets.yml")


def seen(path, of: Contract):
    delivery = Delivery(of, DAY, (Landed(str(path), path.name, path.stat().st_size),))
    new, events = drift.look(delivery, None)
    return new, {(event.check_name, event.observed, event.status) for event in events}


@pytest.fixture
def file(tmp_path):
    def write(text: str, name: str = "rows.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("ticket,paid_at,zone", set()),
        ("ticket,paid_at,zone,colour", {("drift_new_column", "colour", "failed")}),
        ("ticket,zone", {("drift_missing_column", "paid_at", "failed")}),
        ("ticket,paid_on,zone", {("drift_renamed_column", "paid_at to paid_on", "failed")}),
        ("Ticket,paid_at,ZONE", {("drift_changed_case", name, "passed") for name in ("Ticket", "ZONE")}),
        ("zone,paid_at,ticket", {("drift_reordered_columns", "another order", "passed")}),
        ("7,2017-11-01,Ann Bell", {("drift_no_known_column", "none", "failed")}),
        (
            "ticket,paid_at,zone,ann@bell.example",
            {("drift_new_column", "a name of 16 characters", "failed")},
        ),
    ],
)
def test_each_way_in_which_a_header_can_differ_is_told(file, header, expected):
    assert seen(file(f"{header}\n"), promise())[1] == expected


def test_a_column_of_which_most_values_are_of_another_type_is_retyped(file):
    rows = "".join(f"T-{n},2017-11-01 10:00:00,a\n" for n in range(6))
    assert seen(file("ticket,paid_at,zone\n" + rows), promise())[1] == {
        ("drift_retyped_column", "ticket", "failed")
    }


def test_in_json_names_count_exactly_and_what_may_be_empty_may_stay_away(file):
    rows = [{"Zone": "a", "ticket": 1, "colour": "red"}, {"ticket": 2}]
    path = file("\n".join(map(json.dumps, rows)), "rows.json")
    assert seen(path, promise("json"))[1] == {
        ("drift_new_column", "colour", "failed"),
        ("drift_changed_case", "Zone", "failed"),
    }


def test_typed_formats_tell_their_columns_too(tmp_path):
    row = {"ticket": 1, "zone": "a", "colour": "red"}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "rows.parquet")
    kinds = [{"name": name, "type": "long" if name == "ticket" else "string"} for name in row]
    with (tmp_path / "rows.avro").open("wb") as stream:
        fastavro.writer(stream, {"type": "record", "name": "row", "fields": kinds}, [row])
    expected = {("drift_new_column", "colour", "failed"), ("drift_missing_column", "paid_at", "failed")}
    for format_ in ("parquet", "avro"):
        assert seen(tmp_path / f"rows.{format_}", promise(format_)) == (["colour"], expected)


def test_a_contract_may_forbid_new_columns(file):
    of = promise(more="on_new_column: fail")
    path = file("ticket,paid_at,zone,colour\n")
    delivery = Delivery(of, DAY, (Landed(str(path), path.name, 1),))
    _, events = drift.look(delivery, None)
    with pytest.raises(AlluviumError, match=r"new column: colour .*rows\.csv"):
        drift.refuse(events, delivery)


def test_a_damaged_file_has_no_columns_to_tell_of(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    assert seen(tmp_path / "a.parquet", promise("parquet")) == ([], set())
