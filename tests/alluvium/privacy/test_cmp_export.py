"""An export of a consent platform becomes choices, all of them or none, and the same ones each time."""

from __future__ import annotations

import json
from datetime import date

import pytest

from alluvium.contracts.contract import load
from alluvium.errors import UsageError
from alluvium.privacy import cmp_export
from tests.alluvium.privacy.test_tc_string import encoded

NAMES = {"C0002": "analytics"}


def export(folder, *lines, header="subject_id,email,purpose,status,changed_at"):
    path = folder / "export.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_rows_become_choices_that_the_contract_accepts(tmp_path, settings):
    path = export(
        tmp_path,
        "P1,ann@example.org,C0002,No,2017-10-31T08:00:00+01:00",
        "P1,ann@example.org,marketing_email,granted,2017-10-31T08:00:00Z",
    )
    choices, mistakes = cmp_export.read(path, NAMES)
    assert mistakes == []
    assert [(c["purpose"], c["status"], c["changedAt"]) for c in choices] == [
        ("analytics", "denied", "2017-10-31T07:00:00Z"),
        ("marketing_email", "granted", "2017-10-31T08:00:00Z"),
    ]
    landed = cmp_export.land(settings, choices, date(2017, 11, 1), path)
    contract = load("consent", "preferences")
    known = {column.path or name for name, column in contract.columns.items()}
    lines = [json.loads(line) for line in landed.read_text().splitlines()]
    assert all(set(line) <= known for line in lines)
    assert {line["status"] for line in lines} <= set(contract.columns["status"].allowed)
    assert landed.parent == settings.landing / "consent" / "preferences" / "run_date=2017-11-01"


def test_a_tc_string_is_one_choice_for_each_purpose_it_decides(tmp_path):
    path = export(
        tmp_path, f"P1,{encoded({5, 6})},2017-10-31T08:00:00Z", header="subject_id,tc_string,changed_at"
    )
    choices, _ = cmp_export.read(path, {})
    assert {c["purpose"] for c in choices if c["status"] == "granted"} == {"personalisation"}
    assert len(choices) == 5


def test_the_same_choice_in_two_exports_has_one_id(tmp_path):
    line = "P1,,analytics,revoked,2017-10-31T08:00:00Z"
    first, _ = cmp_export.read(export(tmp_path, line), NAMES)
    second, _ = cmp_export.read(export(tmp_path, "P2,,analytics,granted,2017-10-31T09:00:00Z", line), NAMES)
    assert first[0]["preferenceId"] == second[1]["preferenceId"] != second[0]["preferenceId"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (",,analytics,granted,2017-10-31T08:00:00Z", "subject_id is empty"),
        ("P1,,newsletter,granted,2017-10-31T08:00:00Z", "purpose is none of ours"),
        ("P1,,analytics,perhaps,2017-10-31T08:00:00Z", "status is none of"),
        ("P1,,analytics,granted,31.10.2017", "changed_at is not a time"),
        ("P1,,analytics,granted,2017-10-31T08:00:00", "needs a time zone"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_its_line(tmp_path, line, said):
    good = "P1,,analytics,granted,2017-10-31T08:00:00Z"
    _, mistakes = cmp_export.read(export(tmp_path, good, line), NAMES)
    assert [number for number, _ in mistakes] == [3]
    assert said in mistakes[0][1]


def test_a_file_without_the_columns_is_refused(tmp_path):
    with pytest.raises(UsageError, match="needs subject_id"):
        cmp_export.read(export(tmp_path, header="name,choice"), {})
