"""Columns that refer to another contract's silver table: told, or refused until the other one is there."""

from __future__ import annotations

from datetime import date

import pytest

from alluvium.contracts import contract as contracts
from alluvium.errors import AlluviumError
from alluvium.lake import ledger
from alluvium.tables.ingest import PII_QUARANTINE
from alluvium.tables.ops import OPS_CHECKS
from spark_jobs.ingest import references

SHELVES = """
description: Shelves, one row per shelf.
files: {format: csv}
optional: true
columns:
  shelf: {type: int, required: true}
  owner: {type: string, identifier: email}
key: [shelf]
"""
ITEMS = """
description: Items, one row per item.
files: {format: csv}
max_bad_share: 1
columns:
  item:  {type: int, required: true}
  shelf: {type: int}
  owner: {type: string, identifier: email}
key: [item]
references:
  shelf: {to: refshelves/rows, column: shelf, on_missing: reject}
  owner: {to: refshelves/rows, column: owner}
"""


def test_a_row_whose_shelf_is_not_there_waits_for_it_and_an_unknown_owner_is_told(make_source):
    shelves, items = make_source("refshelves", SHELVES), make_source("refitems", ITEMS)
    shelves.land(1, "shelf,owner\n1,ann@bell.example\n")
    shelves.load(1)
    items.land(1, "item,shelf,owner\n1,1,ANN@bell.example\n2,2,joe@hill.example\n3,,joe@hill.example\n")
    items.load(1)
    assert items.counts(1) == (3, 2, 1, 0)
    assert items.rows(PII_QUARANTINE, "reasons") == [(["unknown:shelf"],)]
    told = [
        row for row in ledger.rows(OPS_CHECKS, items.settings) if row["table_name"] == "bronze.refitems_rows"
    ]
    assert [(row["check_name"], row["observed"], row["severity"]) for row in told] == [
        ("unknown_owner", "1", "warn")
    ]

    shelves.land(2, "shelf,owner\n2,\n")
    shelves.load(2)
    assert items.replay(1)["rows_accepted"] == 1
    assert items.counts(1) == (3, 3, 0, 0)


def contract(name: str, *to: str) -> contracts.Contract:
    lines = "\n".join(f"  c{place}: {{to: {other}/rows, column: a}}" for place, other in enumerate(to))
    columns = "".join(f"  c{place}: {{type: int}}\n" for place in range(len(to)))
    head = "description: x.\nfiles: {format: csv}\ncolumns:\n  a: {type: int, required: true}\n"
    text = f"{head}{columns}key: [a]\n"
    return contracts.parse(text + (f"references:\n{lines}\n" if to else ""), name, "rows", "x.yml")


def test_who_is_referred_to_is_loaded_first():
    a, b, c = contract("a", "b"), contract("b", "c"), contract("c")
    assert references.in_order([a, b, c]) == [[c], [b], [a]]
    assert references.in_order([a]) == [[a]]
    with pytest.raises(AlluviumError, match="in a circle: a/rows, b/rows"):
        references.in_order([a, contract("b", "a")])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "to: refshelves/rows, column: shelf",
            "to: nobody/rows, column: shelf",
            "no contract for nobody/rows",
        ),
        ("column: shelf", "column: board", "refshelves/rows has no column 'board'"),
        ("column: shelf", "column: owner", "differ in type or identifier"),
        ("  shelf: {to", "  place: {to", "'place' is not among the columns"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named_at_its_line(tmp_path, old, new, words):
    for name, text in (("refshelves", SHELVES), ("refitems", ITEMS.replace(old, new))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.yml").write_text(text)
    found, [refusal] = contracts.read_all(tmp_path)
    assert [each.label for each in found] == ["refshelves/rows"]
    assert words in str(refusal)
    assert "refitems/rows.yml:11: " in str(refusal)


def test_an_event_after_the_run_date_is_refused_without_a_check_and_so_is_a_value_out_of_range(make_source):
    text = ITEMS[: ITEMS.index("references:")].replace(
        "shelf: {type: int}",
        "shelf: {type: int, min: 1, max: 9}\n  seen_at: {type: timestamp, time_zone: UTC}",
    )
    source = make_source("ranges", text + "event_time: seen_at\n")
    source.land(1, "item,shelf,seen_at\n1,1,2017-11-01T12:00:00Z\n2,10,2017-11-02T04:00:00Z\n")
    source.load(1)
    assert source.rows(PII_QUARANTINE, "reasons", "run_date") == [
        (["out_of_range:shelf", "in_future:seen_at"], date(2017, 11, 1))
    ]
