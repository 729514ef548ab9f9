"""A contract proposed from a sample: what columns are, what tells rows apart, what is personal."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alluvium.contracts import contract
from alluvium.contracts.contract_proposal import propose
from alluvium.contracts.contract_sample import take
from alluvium.errors import AlluviumError, UsageError

TICKETS = """ticket_id;opened_at;email;minutes;share;postal_code;is_open
T-1;2017-11-02 09:15:00;ada@example.com;12;0.50;00501;true
T-2;2017-11-02 10:00:00;bob@example.org;;1.25;10001;false
"""


def proposed(file: Path, entity: str = "tickets") -> contract.Contract:
    """The proposal as the contract that it is."""
    return contract.parse(propose(take(file, 100), "desk", entity), "desk", entity, "proposal")


def test_a_csv_has_types_a_key_times_and_marked_people(tmp_path):
    file = tmp_path / "tickets.csv"
    file.write_text(TICKETS, encoding="utf-8")
    found = proposed(file)
    assert {name: column.type for name, column in found.columns.items()} == {
        "ticket_id": "string", "opened_at": "timestamp", "email": "string", "minutes": "bigint",
        "share": "decimal(18,2)", "postal_code": "string", "is_open": "boolean",
    }  # fmt: skip
    assert (found.files.delimiter, found.key, found.newest) == (";", ("ticket_id",), ("opened_at",))
    assert (found.columns["email"].pii, found.columns["email"].identifier, found.record) == ("email",) * 3
    assert found.columns["postal_code"].pii == "address"


def test_nested_json_is_named_by_its_last_part_and_broken_lines_are_counted(tmp_path):
    rows = [
        {"messageId": "m1", "context": {"page": {"path": "/"}, "ip": "10.0.0.1"}, "lines": [{"sku": 1}]},
        {"messageId": "m2", "context": None},
    ]
    file = tmp_path / "calls.jsonl.gz"
    file.write_bytes(gzip.compress("\n".join([*map(json.dumps, rows), "{broken"]).encode()))
    sample = take(file, 100)
    assert (sample.rows, sample.unreadable) == (2, 1)
    found = proposed(file, "calls")
    assert found.columns["path"].path == "context.page.path"
    assert found.columns["ip"].pii == "free_text"
    assert found.columns["lines"].type == "array<struct<sku:bigint>>"
    assert found.key == ("message_id",)


def test_what_needs_two_columns_gets_two_and_copies_of_a_row_do_not_count(tmp_path):
    file = tmp_path / "lines.parquet"
    baskets = {"basket_id": [1, 1, 2, 2], "product_id": [7, 8, 7, 7], "sold_on": [date(2017, 11, 1)] * 4}
    pq.write_table(pa.table(baskets), file)
    assert proposed(file, "lines").key == ("basket_id", "product_id")


# Without the time of day, which would be in the name of the test: workers must agree on names.
CUT = gzip.compress(b"a,b\n1,2\n" * 999, mtime=0)[:-40]


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("rows.xls", b"x", UsageError, "does not say what it is"),
        ("empty.csv", b"", AlluviumError, "no row"),
        ("header.csv", b"a,b\n", AlluviumError, "no row"),
        ("cut.csv.gz", CUT, AlluviumError, "cannot be read as csv"),
        ("no.parquet", b"PAR1 nothing", AlluviumError, "cannot be read as parquet"),
        ("no.avro", b"nothing", AlluviumError, "cannot be read as avro"),
        ("latin.csv", "a,b\nü,1\n".encode("latin-1"), AlluviumError, "cannot be read as csv"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_clear_error(tmp_path, name, content, error, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message):
        take(tmp_path / name, 100)
    with pytest.raises(UsageError, match="no such file"):
        take(tmp_path / "missing.csv", 100)
