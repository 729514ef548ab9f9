"""The rows of a platform's file."""

from __future__ import annotations

import pytest

from spark_jobs.publish.people import guarded, lines, make_rows
from spark_jobs.publish.plan import load

PLATFORMS = load().platforms


def cells_of(rows):
    return [{name: cell for name, cell in row.items() if cell} for row in rows.cells.to_dicts()]


def test_a_hashed_row_has_hashes_only_and_empty_cells_for_missing_values(person, stream):
    ann = person("C1", email="ANNA@EXAMPLE.ORG", first_name="José")
    rows = make_rows("meta", PLATFORMS["meta"], stream([ann]))
    (line,) = lines(PLATFORMS["meta"], ["C1"], rows.cells, str).to_dicts()
    assert line["email"] == "a3bf86238a1c59bd2f0a648af9293620f90d18dad133d8fe2341cf9664a5d6d0"
    assert line["fn"] == "d994e1d001886fe5b45b1267bd1fa2b752ac50742579bd3dad7b2a2aa0ed6866"
    assert line["phone"] == ""
    assert rows.rejects == []


def test_one_bad_field_does_not_cost_the_others(person, stream):
    rows = make_rows("meta", PLATFORMS["meta"], stream([person("C1"), person("C2", phone="12345")]))
    assert rows.rejects == [(1, "phone", "invalid_phone")]
    assert rows.cells["email"].null_count() == 0


def test_the_same_number_of_another_country_is_another_number(person, stream):
    people = [
        person(one, phone="030 123456", country=country) for one, country in (("C1", "DE"), ("C2", "IT"))
    ]
    rows = make_rows("csv", PLATFORMS["csv"], stream(people))
    assert rows.cells["phone"].to_list() == ["'+4930123456", "'+39030123456"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"])
def test_a_formula_is_guarded(text):
    assert guarded(text) == f"'{text}"


def test_names_are_guarded_in_files_for_people_and_addresses_that_would_need_it_stay_out(person, stream):
    people = [person("C1", email="=a@example.org", first_name="=HYPERLINK(1)")]
    rows = make_rows("email", PLATFORMS["email"], stream(people))
    assert cells_of(rows) == [{"first_name": "'=HYPERLINK(1)"}]
    assert rows.rejects == [(0, "email", "not_sendable")]
