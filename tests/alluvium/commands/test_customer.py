"""`alluvium customer` on a lake of one customer, without Spark."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from alluvium import catalog
from alluvium.commands import customer
from alluvium.errors import AlluviumError
from alluvium.lake import ledger

SEEN = datetime(2017, 10, 3, tzinfo=UTC)
NOTHING = {name: None for fields in customer.ATTRIBUTES.values() for name in fields}


def provenance(attribute: str, lost: int | None) -> dict[str, Any]:
    chosen = (None,) * 5 if lost is None else ("crm", "r1", SEEN, "most_recent", lost)
    return {f"{attribute}_{part}": value for part, value in zip(customer.PROVENANCE, chosen, strict=True)}


GOLDEN = {
    **NOTHING,
    "customer_id": "C1",
    "first_name": "Ann",
    "last_name": "Ash",
    "email": "ann@example.com",
    "street": "1 Elm St",
    "city": "Troy",
    "country": "US",
    **provenance("name", 0),
    **provenance("email", 1),
    **provenance("address", 0),
    **provenance("phone", None),
    **provenance("birth_date", None),
    **provenance("gender", None),
    **provenance("language", None),
}


def held(key: str, source: str, email: str) -> dict[str, Any]:
    """One record of the customer, as identity keeps it."""
    return {
        "record_key": key, "source": source, "observed_at": SEEN, "title": None, "first_name": "Ann",
        "last_name": "Ash", "email": email, "phone": None, "birth_date": date(1980, 1, 2),
        "street": "1 Elm St", "city": "Troy", "state": None, "postal_code": None,
    }  # fmt: skip


def belongs(key: str, source: str) -> dict[str, Any]:
    return {
        "record_key": key, "source": source, "customer_id": "C1", "tier": "strict", "is_current": True,
    }  # fmt: skip


def without_null_type(rows: pa.Table) -> pa.Table:
    """A column of nothing but nulls is text: Delta has no type for it."""
    typed = [field.with_type(pa.string()) if pa.types.is_null(field.type) else field for field in rows.schema]
    return rows.cast(pa.schema(typed))


@pytest.fixture
def lake(settings):
    tables = {
        "pii/customers": [GOLDEN],
        "pii/identity_records": [held("r1", "crm", "ann@example.com"), held("r2", "shop", "old@example.com")],
        "identity/customer_records": [belongs("r1", "crm"), belongs("r2", "shop")],
        "identity/redirects": [{"old_customer_id": "C0", "customer_id": "C1"}],
        "gold/consents": [
            {"customer_id": "C1", "purpose": "marketing_email", "status": "granted", "is_current": True,
             "valid_from": SEEN},
        ],
    }  # fmt: skip
    for path, rows in tables.items():
        (settings.lake / path).parent.mkdir(parents=True, exist_ok=True)
        write_deltalake(str(settings.lake / path), without_null_type(pa.Table.from_pylist(rows)))
    return settings


def asked(*arguments: str) -> str:
    return CliRunner().invoke(customer.app, ["show", *arguments], catch_exceptions=False).stdout


def test_each_value_has_its_source_its_rule_and_how_many_lost(lake):
    found = json.loads(asked("C1", "--json"))
    assert [
        (row["attribute"], row["value"], row["source"], row["count_lost_values"]) for row in found["values"]
    ] == [
        ("name", "Ann Ash", "crm", 0),
        ("email", "ann@example.com", "crm", 1),
        ("address", "1 Elm St, Troy, US", "crm", 0),
    ]
    assert found["consents"][0]["status"] == "granted"


def test_what_lost_is_shown_when_asked_for(lake):
    lost = json.loads(asked("C1", "--lost", "--json"))["lost"]
    assert [(row["attribute"], row["value"]) for row in lost] == [
        ("birth_date", "1980-01-02"),
        ("email", "old@example.com"),
    ]
    assert "old@example.com" in asked("C1", "--lost")
    assert "old@example.com" not in asked("C1")


def test_an_id_that_ended_leads_to_the_one_of_today_and_the_look_is_noted(lake):
    assert asked("C0").startswith("C0 is C1 today.")
    noted = ledger.read(catalog.OPS_AUDIT, lake).to_pylist()
    assert [(row["action"], row["subject"]) for row in noted] == [("customer.show", "C1")]


def test_an_unknown_id_is_a_clear_error_and_nothing_is_noted(lake):
    with pytest.raises(AlluviumError, match="There is no customer C9"):
        asked("C9")
    assert ledger.read(catalog.OPS_AUDIT, lake).num_rows == 0
