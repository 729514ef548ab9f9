"""The gate, on small nights whose figures are known."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from alluvium.errors import AlluviumError
from spark_jobs.identity import changes, gate
from spark_jobs.identity.rules import Gate

DAY = date(2017, 11, 1)
LIMITS = Gate(max_merged_share=0.1, max_moved_share=0.3, max_records=3, few=0)


def periods(of: dict[str, str], kind: str = "person") -> pl.DataFrame:
    rows = [(record, customer, kind, "strict", True) for record, customer in of.items()]
    texts = dict.fromkeys(["record_key", "customer_id", "record_kind", "tier"], pl.String)
    return pl.DataFrame(rows, schema=texts | {"is_current": pl.Boolean}, orient="row")


def found(before: dict[str, str], after: dict[str, str], kind: str = "person") -> list[str]:
    was, now = periods(before, kind), periods(after, kind)
    members = now.with_columns(pl.lit("kept").alias("origin"))
    changed = changes.tell(was.select("record_key", "customer_id"), members, "strict", DAY)
    return [finding.rule for finding in gate.findings(was, now, changed, LIMITS)]


def test_a_usual_night_passes() -> None:
    usual = dict(zip("abcdefghij", "ABCDEFGHIJ", strict=True))
    assert found(usual, usual | {"k": "A", "l": "L"}) == []
    assert found(usual, usual | {"b": "A"}) == []  # one merge of ten is the limit, not over it


def test_merges_and_moved_records_over_their_share_stop_it() -> None:
    usual = dict(zip("abcdefghij", "ABCDEFGHIJ", strict=True))
    assert found(usual, usual | {"b": "A", "d": "C"}) == ["max_merged_share"]
    one = dict.fromkeys("abc", "A") | dict.fromkeys("defghij", "B")
    assert found(one, one | dict.fromkeys("defg", "D")) == ["max_moved_share"]


def test_a_customer_beyond_belief_stops_it_unless_it_was_as_large_or_is_made_of_devices() -> None:
    giant = dict.fromkeys("abcd", "A")
    assert found({}, giant) == ["max_records"]
    assert found(giant, giant) == []
    assert found({}, giant, kind="device") == []


def test_a_night_that_was_let_through_is_not_asked_again() -> None:
    held = periods(dict.fromkeys("abcd", "A"))
    assert gate.is_written(held.sort("record_key", descending=True), held)
    assert not gate.is_written(held, held.head(3))
    assert not gate.is_written(held.with_columns(customer_id=pl.lit("B")), held)


def test_the_error_says_what_and_how_to_let_it_through() -> None:
    with pytest.raises(AlluviumError, match=r"gate\.max_records.*accept=true"):
        gate.stand([gate.Finding("one customer would have 4 records", "max_records")], DAY)
