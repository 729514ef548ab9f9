"""`alluvium identity explain` and `review` on a lake of three records, without Spark."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from alluvium import catalog
from alluvium.commands.identity import app
from alluvium.errors import AlluviumError, UsageError
from alluvium.lake import ledger
from alluvium.settings import Settings

ONE, TWO, THREE = ("1" * 32, "2" * 32, "3" * 32)
STEPS = json.dumps(
    [{"field": "chance", "level": "", "bits": -12.0}, {"field": "name", "level": "same", "bits": 20.0}]
)
FIELDS = ("title", "first_name", "last_name", "email", "phone", "street", "city", "state", "postal_code")


def belongs(key: str, customer: str) -> dict[str, Any]:
    return {
        "record_key": key, "source": "crm", "record_kind": "person", "customer_id": customer,
        "tier": "strict", "is_current": True,
    }  # fmt: skip


def says(key: str, first_name: str) -> dict[str, Any]:
    told = dict.fromkeys(FIELDS, "x") | {"first_name": first_name, "birth_date": date(1980, 1, 2)}
    return {"record_key": key, "source": "crm", "record_kind": "person", **told}


PAIR = {"record_key_1": ONE, "record_key_2": TWO, "probability": 0.997, "evidence": STEPS}
TABLES = {
    "identity/customer_records": [belongs(ONE, "C1"), belongs(TWO, "C1"), belongs(THREE, "C3")],
    "identity/links": [PAIR | {"rule": "similar", "tier": "strict"}],
    "identity/redirects": [{"old_customer_id": "C0", "customer_id": "C1"}],
    "identity/review_queue": [
        PAIR
        | {
            "record_key_2": THREE,
            "reason": "near_threshold",
            "probability": 0.5,
            "rank": 1,
            "value_at_stake": 12.5,
        }
    ],
    "pii/identity_records": [says(ONE, "Mary"), says(TWO, "Marie"), says(THREE, "Jane")],
}


@pytest.fixture
def lake(settings: Settings) -> Path:
    for name, rows in TABLES.items():
        write_deltalake(str(settings.lake / name), pa.Table.from_pylist(rows))
    return settings.lake


def run(*words: str) -> Any:
    done = CliRunner().invoke(app, list(words))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout) if "--json" in words else done.stdout


def test_a_customer_is_explained_under_any_id_it_ever_had(lake: Path, tmp_path: Path) -> None:
    found = run("explain", "C0", "--json")
    assert found["customer_id"] == "C1"
    assert [step["bits"] for step in found["links"][0]["steps"]] == [-12.0, 20.0]
    drawn = tmp_path / "why.svg"
    assert "p = 0.9970" in run("explain", "C1", "--output", str(drawn))
    assert drawn.read_text(encoding="utf-8").startswith("<svg")


def test_two_records_are_explained_together_and_apart(lake: Path) -> None:
    together = run("explain", ONE, TWO, "--json")
    assert [link["rule"] for link in together["would_have_to_fall"]] == ["similar"]
    apart = run("explain", ONE, THREE, "--json")
    assert (apart["other_customer_id"], apart["links"][0]["reason"]) == ("C3", "near_threshold")
    with pytest.raises(AlluviumError, match="There is no customer and no record"):
        run("explain", "C9")


def test_the_queue_and_two_records_side_by_side(lake: Path, settings: Settings) -> None:
    assert [row["record_key_2"] for row in run("review", "--json")] == [THREE]
    found = {line["field"]: line for line in run("review", "--show", ONE, TWO, "--json")}
    assert (found["first_name"]["left"], found["first_name"]["right"]) == ("Mary", "Marie")
    assert found["last_name"]["likeness"] == 1.0
    noted = ledger.rows(catalog.OPS_AUDIT, settings)
    assert [(row["action"], row["subject"]) for row in noted] == [("identity.review", f"{ONE} {TWO}")]


def test_a_decision_is_kept_with_who_when_and_why(lake: Path, settings: Settings) -> None:
    run("review", "--cannot-link", TWO, ONE, "--reason", "twins")
    kept = run("review", "--decisions", "--json")
    assert [(row["record_key_1"], row["decision"], row["reason"]) for row in kept] == [
        (ONE, "cannot_link", "twins")
    ]
    assert kept[0]["decided_by"]
    assert kept[0]["decided_at"]


@pytest.mark.parametrize(
    "words",
    [
        ("--must-link", ONE, TWO),
        ("--must-link", ONE, ONE, "--reason", "same"),
        ("--must-link", ONE, "9" * 32, "--reason", "same"),
        ("--must-link", ONE, TWO, "--cannot-link", ONE, TWO, "--reason", "both"),
    ],
    ids=["no reason", "one record", "unknown record", "two decisions"],
)
def test_a_decision_that_says_nothing_is_bad_usage(
    lake: Path, settings: Settings, words: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError):
        run("review", *words)
    assert ledger.rows(catalog.IDENTITY_DECISIONS, settings) == []
