"""What is given to a partner joins with nothing else, and after a rotation still with what they have."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from alluvium.commands.privacy import app
from alluvium.privacy import contact_vault, purpose_keys
from tests.alluvium.privacy.test_contact_vault import ANN, JOE, customers

QUERY = "select customer_id, value from gold.customers"


@pytest.fixture
def lake(settings):
    """C1 and C2 agreed to ads, C3 was never asked; C2 refused analytics."""
    at = datetime(2017, 10, 1, tzinfo=UTC)
    choices = [
        ("C1", "marketing_ads", "granted"),
        ("C2", "marketing_ads", "granted"),
        ("C2", "analytics", "denied"),
    ]
    tables = {
        "gold.customers": [{"customer_id": f"C{n}", "value": n} for n in (1, 2, 3)],
        "gold.consents": [
            {"customer_id": who, "purpose": purpose, "status": status, "is_current": True, "valid_from": at}
            for who, purpose, status in choices
        ],
        "seeds.purposes": [
            {"purpose": "marketing_ads", "rule": "opt_in"},
            {"purpose": "analytics", "rule": "opt_out"},
        ],
    }
    for table, rows in tables.items():
        path = settings.lake / table.replace(".", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_deltalake(str(path), pa.Table.from_pylist(rows))
    return settings


def run(*words):
    answer = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.output


def given_out(folder, purpose, *options):
    path = folder / "out.csv"
    run("pseudonyms", "export", "--purpose", purpose, "--query", QUERY, "--file", str(path), *options)
    with path.open(newline="") as file:
        return {int(row["value"]): row for row in csv.DictReader(file)}


def test_only_who_allows_the_purpose_is_given_out_and_never_by_id(lake, tmp_path):
    ads, analytics = (given_out(tmp_path, name) for name in ("marketing_ads", "analytics"))
    assert (set(ads), set(analytics)) == ({1, 2}, {1, 3})
    assert ads[1]["token"].partition("-")[2] != analytics[1]["token"].partition("-")[2]
    assert not any("customer_id" in row or "C1" in row.values() for row in ads.values())


def test_after_a_rotation_old_and_new_tokens_join_until_the_grace_ends(lake, tmp_path):
    before = given_out(tmp_path, "marketing_ads")
    run("rekey", "--purpose", "marketing_ads", "--grace-days", "30")
    after = given_out(tmp_path, "marketing_ads")
    assert {n: row["former_token"] for n, row in after.items()} == {n: r["token"] for n, r in before.items()}
    back, found = tmp_path / "back.csv", tmp_path / "found.csv"
    tokens = [before[1]["token"], after[2]["token"], "9-unknown"]
    back.write_text("token,clicks\n" + "".join(f"{token},{n}\n" for n, token in enumerate(tokens)))
    resolve = ("pseudonyms", "resolve", str(back), "--purpose", "marketing_ads", "--file", str(found))
    assert "1 tokens that no customer has" in run(*resolve)
    assert found.read_text().split() == ['"customer_id","clicks"', '"C1",0', '"C2",1']
    run("rekey", "--purpose", "marketing_ads", "--grace-days", "0")
    purpose_keys.rotate(lake, "marketing_ads", date(2100, 1, 1))  # Long after the grace.
    assert "3 tokens that no customer has" in run(*resolve)


def test_the_same_address_has_another_token_for_ads_and_for_analytics(lake, tmp_path):
    customers(lake, ANN, JOE)
    contact_vault.refresh(lake)
    ads = given_out(tmp_path, "marketing_ads", "--contact", "email")
    assert ads[1]["email_token"] == ads[2]["email_token"] != ""  # They share it.
    analytics = given_out(tmp_path, "analytics", "--contact", "email")
    assert analytics[1]["email_token"].partition("-")[2] != ads[1]["email_token"].partition("-")[2]


def test_a_new_master_key_of_the_vault_needs_nothing_to_be_sealed_again(lake):
    customers(lake, ANN, JOE)
    contact_vault.refresh(lake)
    assert "2 contact keys are wrapped anew" in run("rekey", "--purpose", "vault")
