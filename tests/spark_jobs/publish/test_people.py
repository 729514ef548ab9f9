"""One person's row in a platform's file."""

from __future__ import annotations

import pytest

from spark_jobs.publish.people import guarded, identifiers, line, make_row
from spark_jobs.publish.plan import load

PLATFORMS = load().platforms


def test_a_hashed_row_has_hashes_only_and_empty_cells_for_missing_values(person):
    row = make_row("meta", PLATFORMS["meta"], person("C1", email="ANNA@EXAMPLE.ORG", first_name="José"))
    cells = dict(zip(PLATFORMS["meta"].columns, line(PLATFORMS["meta"], "C1", row.cells, str), strict=True))
    assert cells["email"] == "a3bf86238a1c59bd2f0a648af9293620f90d18dad133d8fe2341cf9664a5d6d0"
    assert cells["fn"] == "d994e1d001886fe5b45b1267bd1fa2b752ac50742579bd3dad7b2a2aa0ed6866"
    assert cells["phone"] == ""
    assert row.rejects == []


def test_one_bad_field_does_not_cost_the_others(person):
    row = make_row("meta", PLATFORMS["meta"], person("C1", phone="12345"))
    assert row.rejects == [("phone", "invalid_phone")]
    assert "email" in row.cells


def test_an_address_that_somebody_else_refused_stays_out(person):
    row = make_row("email", PLATFORMS["email"], person("C1"), refused=frozenset({"email"}))
    assert identifiers(PLATFORMS["email"], row.cells) == {}
    assert row.rejects == [("email", "refused_by_another")]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"])
def test_a_formula_is_guarded(text):
    assert guarded(text) == f"'{text}"


def test_names_are_guarded_in_files_for_people_and_addresses_that_would_need_it_stay_out(person):
    row = make_row(
        "email", PLATFORMS["email"], person("C1", email="=a@example.org", first_name="=HYPERLINK(1)")
    )
    assert row.cells == {"first_name": "'=HYPERLINK(1)"}
    assert row.rejects == [("email", "not_sendable")]
