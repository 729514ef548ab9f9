"""The privacy chapter tells requests and their deadlines, purposes and who agreed, and where values go."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.csv as pc
import pytest
from deltalake import write_deltalake

from alluvium.privacy import audit, data_flow
from alluvium.settings import CHECKOUT, get_settings
from spark_jobs.report.lake import Lake
from spark_jobs.report.sections.compliance import CONSENTS, due_within_a_month, request_rows, section

NIGHT = date(2017, 11, 2)


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (date(2017, 11, 2), date(2017, 12, 2)),
        (date(2017, 12, 31), date(2018, 1, 31)),
        (date(2017, 1, 31), date(2017, 2, 28)),
    ],
)
def test_a_month_ends_on_the_same_day_or_on_the_last_of_the_next(asked, due):
    assert due_within_a_month(asked) == due


def test_a_request_is_open_done_or_late():
    asked = {"request": "r", "about": "1 people", "asked_on": date(2017, 11, 2)}
    done = [None, date(2017, 12, 2), date(2017, 12, 3)]
    rows = request_rows([asked | {"done_on": day} for day in done])
    assert [row[-1] for row in rows] == ["open", "done", "late"]
    assert rows[0][4] == date(2017, 12, 17)


@pytest.fixture
def lake(settings):
    put(settings, "gold.customers", pa.table({"customer_id": ["C1", "C2", "C3"]}))
    moment = [
        datetime(2017, 9, 10, tzinfo=UTC),
        datetime(2017, 10, 5, tzinfo=UTC),
        datetime(2017, 9, 20, tzinfo=UTC),
    ]
    consents = pa.table(
        {
            "customer_id": ["C1", "C1", "C2"],
            "purpose": ["marketing_email", "marketing_email", "analytics"],
            "status": ["granted", "revoked", "denied"],
            "valid_from": pa.array(moment, pa.timestamp("us", tz="UTC")),
            "valid_to": pa.array([moment[1], None, None], pa.timestamp("us", tz="UTC")),
            "is_current": [False, True, True],
        }
    )
    put(settings, "gold.consents", consents)
    for name in ("purposes", "purpose_uses"):
        put(settings, f"seeds.{name}", pc.read_csv(CHECKOUT / "dbt_project" / "seeds" / f"{name}.csv"))
    audit.note(settings, "privacy.erase", "20171101T101500-5f3a9c01", "1 people")
    audit.note(settings, "sql.with_pii", "pii.customers")
    return Lake(settings, NIGHT)


def put(settings, name, rows):
    path = settings.lake / name.replace(".", "/")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_deltalake(str(path), rows)


def test_consents_are_counted_as_they_stood_at_the_end_of_each_month(lake):
    found = {(row["month"], row["purpose"]): row["customers"] for row in lake.rows(CONSENTS, NIGHT)}
    assert found == {("2017-09-30", "marketing_email"): 1}


def test_the_chapter_says_who_may_be_used_for_what_and_who_looked(lake):
    blocks = {block.heading: block for block in section(lake).blocks}
    allowing = {row[0]: row[-1] for row in blocks["Record of processing activities"].rows}
    assert (allowing["marketing_email"], allowing["analytics"], allowing["profiling"]) == (0, 2, 3)
    assert [row[1] for row in blocks["Who read personal data"].rows] == ["sql.with_pii"]
    [request] = blocks["Requests to erase"].rows
    assert (request[0], request[-1]) == ("20171101T101500-5f3a9c01", "open")


def test_an_address_is_followed_from_the_file_to_every_platform_that_takes_it():
    found = {flow.column: flow for flow in data_flow.flows(get_settings())}
    email, search = found["crm.contacts.email"], found["web.events.search_text"]
    assert (email.raw_in, email.golden) == ("pii.crm_contacts", "pii.customers.email")
    assert {text.partition(" ")[0] for text in email.exports} >= {"email", "meta", "google", "tiktok", "x"}
    assert (search.raw_in, search.keyed_in, search.golden, search.exports) == ("pii.web_events", "", "", ())
