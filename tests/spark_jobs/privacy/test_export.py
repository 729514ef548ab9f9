"""A person gets everything of theirs and nothing of anybody else's."""

from __future__ import annotations

import json

from alluvium.privacy import keys
from spark_jobs.privacy import export
from spark_jobs.privacy.lake import Lake
from spark_jobs.privacy.people import People


def test_the_answer_holds_all_rows_of_the_person_and_none_of_others(home):
    lake = Lake(home)
    person = People(lake, keys.load_secret(keys.key_file(home))).find("1", "ann.bell@example.org")
    answer = export.document(lake, person)
    text, page = export.as_json(answer), export.as_html(answer)
    assert {"gold.orders", "pii.customers", "pii.crm_contacts"} <= {p["table"] for p in answer["tables"]}
    assert all(part["purpose"] and part["holds"] for part in answer["tables"])
    assert "ann.bell@example.org" in text
    assert "ann.bell@example.org" in page
    for others in ("joe.hill", "C-7000002", "Cb000000000000002"):
        assert others not in text + page
    assert json.loads(text)["records"] == [
        {"source": "crm", "id": "C-7000001"},
        {"source": "pos", "id": "516"},
    ]
