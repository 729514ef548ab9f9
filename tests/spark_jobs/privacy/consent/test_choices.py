"""For a person, a purpose and a day: the record that decided, and what the night of that day knew."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from alluvium import catalog
from alluvium.commands.privacy import app
from alluvium.lake import ledger
from alluvium.privacy import keys

PREFERENCES = [
    ("p1", "crm", "marketing_email", "granted", datetime(2017, 10, 1, 12, tzinfo=UTC), date(2017, 10, 1)),
    ("p2", "pos", "marketing_email", "granted", datetime(2017, 10, 2, 12, tzinfo=UTC), date(2017, 10, 2)),
    ("p3", "crm", "marketing_email", "revoked", datetime(2017, 10, 20, 12, tzinfo=UTC), date(2017, 10, 25)),
]


def write(home, table, rows, schema):
    path = home.lake / table.replace(".", "/")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_deltalake(str(path), pa.Table.from_pylist(rows, schema))


@pytest.fixture
def asked(home):
    """Ann of the home, with choices of two records."""
    secret = keys.load_secret(keys.key_file(home))
    records = {
        "crm": keys.record_key("crm", "C-7000001", secret),
        "pos": keys.record_key("pos", "516", secret),
    }
    rows = [
        {"preference_id": name, "record_key": records[record], "purpose": purpose, "status": status}
        | {"changed_at": at, "_run_date": day, "policy_version": "v7", "_source_file": f"{day}/choices.json"}
        for name, record, purpose, status, at, day in PREFERENCES
    ]
    texts = ["preference_id", "record_key", "purpose", "status", "policy_version", "_source_file"]
    schema = pa.schema(
        [(name, pa.string()) for name in texts]
        + [("changed_at", pa.timestamp("us", tz="UTC")), ("_run_date", pa.date32())]
    )
    write(home, "silver.consent_preferences", rows, schema)
    rules = [("marketing_email", "opt_in"), ("analytics", "opt_out")]
    write(
        home,
        "seeds.purposes",
        [{"purpose": name, "rule": rule} for name, rule in rules],
        pa.schema([("purpose", pa.string()), ("rule", pa.string())]),
    )

    def ask(*options):
        answer = CliRunner().invoke(
            app, ["consent", "--subject", "ann.bell@example.org", "--json", *options], catch_exceptions=False
        )
        return {each["purpose"]: each for each in json.loads(answer.stdout)["purposes"]}

    return ask


def test_the_answer_names_the_deciding_record_and_its_file(asked, home):
    found = asked("--on", "2017-10-10")
    email, analytics = found["marketing_email"], found["analytics"]
    assert (email["is_allowed"], email["decided_by"]["id"]) == (True, "p2")
    assert email["decided_by"]["file"] == "2017-10-02/choices.json"
    assert [standing["id"] for standing in email["also_standing"]] == ["p1"]
    assert (analytics["is_allowed"], analytics["status"], analytics["decided_by"]) == (
        True,
        "no record",
        None,
    )
    [act] = [row for row in ledger.rows(catalog.OPS_AUDIT, home) if row["action"] == "privacy.consent"]
    assert act["subject"] == "Ca000000000000001"


def test_a_withdrawal_that_arrived_late_counts_today_and_says_what_that_night_knew(asked):
    found = asked("--on", "2017-10-21", "--purpose", "marketing_email")["marketing_email"]
    assert (found["is_allowed"], found["decided_by"]["id"]) == (False, "p3")
    assert found["that_night"] == {"is_allowed": True, "status": "granted", "arrived_later": "2017-10-25"}


def test_an_unsubscription_takes_back_what_every_record_granted(asked, home):
    secret = keys.load_secret(keys.key_file(home))
    row = {"event_id": "e1", "event": "Unsubscribed", "_source_file": "mail.json"}
    row |= {"record_key": keys.record_key("crm", "C-7000001", secret), "_run_date": date(2017, 10, 12)}
    texts = [(name, pa.string()) for name in ("event_id", "event", "_source_file", "record_key")]
    times = [("occurred_at", pa.timestamp("us", tz="UTC")), ("_run_date", pa.date32())]
    row |= {"occurred_at": datetime(2017, 10, 12, 12, tzinfo=UTC)}
    write(home, "silver.email_events", [row], pa.schema(texts + times))
    found = asked("--on", "2017-10-12")["marketing_email"]
    assert (found["status"], found["decided_by"]["source"], found["decided_by"]["id"]) == (
        "revoked",
        "email",
        "e1",
    )
    assert len(found["also_standing"]) == 1
