"""The scanner finds every planted identifier in every file type, and nothing that only looks like one."""

from __future__ import annotations

import pytest

from spark_jobs.privacy.scan import selftest
from spark_jobs.privacy.scan.forms import Identifier
from spark_jobs.privacy.scan.search import scan


def test_every_planted_identifier_is_found_in_every_file_type(tmp_path):
    results = selftest.run(tmp_path)
    assert {r.kind: (r.found, r.decoys_found) for r in results} == {r.kind: (50, 0) for r in results}
    assert len(results) == len(selftest.WRITERS)


def test_a_scanner_without_a_reader_for_a_file_type_fails_its_self_test(tmp_path, monkeypatch):
    from spark_jobs.privacy.scan import pieces

    monkeypatch.setattr(pieces, "_READERS", [r for r in pieces._READERS if r[0] != b"PAR1"])
    failed = {result.kind for result in selftest.run(tmp_path) if not result.is_passed}
    assert "parquet" in failed


def test_a_finding_names_the_place_and_never_the_value(tmp_path):
    place = tmp_path / "lake" / "gold" / "notes"
    place.mkdir(parents=True)
    selftest.WRITERS["parquet"](place / "part.parquet", ["Ann@Example.org"])
    found = scan(tmp_path, [Identifier("email", "ann@example.org")]).findings
    assert ("gold.notes", "column note", "plain") in {(f.table, f.place, f.form) for f in found}
    assert "ann@" not in repr(found).lower()


def test_a_short_number_is_looked_for_in_columns_of_its_name_only(tmp_path):
    (tmp_path / "lines.csv").write_text("loyalty_card,store_id\n516,7\n7,516\n")
    (tmp_path / "stores.csv").write_text("store_id,area\n516,516\n")
    (tmp_path / "account.json").write_text('{"loyaltyCard": "516", "amount": 516}')
    card = Identifier("loyalty_card", "516", fields=("loyalty_card", "loyaltyCard"))
    assert {f.file for f in scan(tmp_path, [card]).findings} == {"lines.csv", "account.json"}


@pytest.mark.parametrize("text", ["joann@example.org", "ann@example.org.au", "x-ann@example.org"])
def test_a_longer_address_is_somebody_else(tmp_path, text):
    (tmp_path / "a.txt").write_text(f"to {text} now")
    assert scan(tmp_path, [Identifier("email", "ann@example.org")]).is_clean


def test_what_stands_across_two_blocks_is_found(tmp_path, monkeypatch):
    from spark_jobs.privacy.scan import pieces

    monkeypatch.setattr(pieces, "BLOCK_BYTES", 64)
    (tmp_path / "a.log").write_text("." * 55 + " ann@example.org " + "." * 300)
    assert not scan(tmp_path, [Identifier("email", "ann@example.org")]).is_clean
