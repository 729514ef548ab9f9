"""Nights of deliveries on a small lake: consent as of the run date, removals, repeats."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from alluvium import catalog, delta, ledger, stays
from alluvium.job import JobConfig
from spark_jobs.publish import audiences
from spark_jobs.publish.candidates import consent_as_of
from spark_jobs.publish.plan import FOLDER

FIRST, SECOND = date(2017, 11, 1), date(2017, 11, 2)
CONSENT = "customer_id string, purpose string, status string, valid_from timestamp, valid_to timestamp"
CONTACT = (
    "customer_id string, email string, phone string, first_name string, last_name string, city string, "
    "state string, postal_code string, country string, birth_date date"
)
PLAN = """
unsubscribe_url: https://shop.example/{token}
minimum_size: 1
deliveries:
  - {segment: fans, platform: email}
  - {segment: fans, platform: meta}
"""


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2017, 11, day, hour, tzinfo=UTC)


def granted(customer_id: str, until: datetime | None = None) -> tuple[object, ...]:
    return (customer_id, "marketing_email", "granted", at(1) - timedelta(days=90), until)


def revoked(customer_id: str, since: datetime) -> tuple[object, ...]:
    return (customer_id, "marketing_email", "revoked", since, None)


def put(spark, table, ddl, rows) -> None:
    spark.sql(f"DROP TABLE IF EXISTS {table.full_name}")
    spark.createDataFrame(rows, ddl).write.format("delta").saveAsTable(table.full_name)


@pytest.fixture
def consents(spark) -> Callable[[list[tuple[object, ...]]], None]:
    """Replaces gold.consents."""
    return lambda rows: put(spark, catalog.GOLD_CONSENTS, CONSENT, rows)


@pytest.fixture
def night(spark, session_settings, tmp_path):
    """Runs the deliveries of a night in which `fans` has these members; gives the ledger rows by platform."""
    (tmp_path / "deliveries.yml").write_text(PLAN)
    shutil.copy(FOLDER / "platforms.yml", tmp_path)
    settings = session_settings.model_copy(update={"exports_s3_bucket": None})
    shutil.rmtree(settings.exports, ignore_errors=True)
    for table in (catalog.PUBLISHED_SEGMENT_RUNS, catalog.PUBLISHED_AUDIENCE_DELIVERIES):
        shutil.rmtree(settings.lake / table.schema / table.name, ignore_errors=True)
    for table in (catalog.PUBLISHED_AUDIENCE_MEMBERS, catalog.IDENTITY_REDIRECTS, catalog.OPS_SUPPRESSIONS):
        spark.sql(f"DROP TABLE IF EXISTS {table.full_name}")
    people = [
        (f"C{n}", f"c{n}@example.org", None, "Ann", None, None, None, None, "US", None) for n in range(1, 6)
    ]
    put(spark, catalog.PII_CUSTOMERS, CONTACT, people)

    def run(run_date: date, members: str) -> dict[str, dict[str, object]]:
        spark.sql(f"DROP TABLE IF EXISTS {catalog.PUBLISHED_SEGMENT_MEMBERS.full_name}")
        rows = [("fans", f"C{n}", stays.night_at(FIRST), None, "v1", FIRST) for n in members]
        ddl = ", ".join(
            f"{name} {kind}" for name, (kind, _) in catalog.PUBLISHED_SEGMENT_MEMBERS.columns.items()
        )
        delta.append(spark.createDataFrame(rows, ddl), catalog.PUBLISHED_SEGMENT_MEMBERS)
        decided = {"segment": "fans", "run_date": run_date, "definition_version": "v1", "status": "decided"}
        decided["allowed_purposes"] = "marketing_email"
        ledger.replace(catalog.PUBLISHED_SEGMENT_RUNS, [decided], f"run_date = '{run_date}'", settings)
        audiences.run(spark, JobConfig(run_date, settings, {"plan": str(tmp_path)}))
        written = ledger.read(catalog.PUBLISHED_AUDIENCE_DELIVERIES, settings).to_pylist()
        return {row["platform"]: row for row in written if row["run_date"] == run_date}

    return run


def ids(settings, run_date: date, name: str) -> list[str]:
    path = settings.exports / str(run_date) / "email" / "fans" / name
    return [row["customer_id"] for row in csv.DictReader(path.open(newline=""))] if path.exists() else []


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_only_granted_consent_goes_out_and_a_revocation_is_a_removal(
    spark, session_settings, consents, night
):
    # C2 revokes on the second day, C3 has two answers at once, C4 was never asked. C5 revokes an hour after
    # the second run date has ended, which it does at local midnight, 04:00 UTC.
    both = [granted("C3"), revoked("C3", at(1) - timedelta(days=9))]
    consents([granted("C1"), granted("C2", at(2)), revoked("C2", at(2)), *both, granted("C5", at(3, 5))])
    first = night(FIRST, "12345")
    assert first["email"]["status"] == "delivered"
    assert first["email"]["count_without_consent"] == 2
    assert (first["meta"]["status"], first["meta"]["count_exported"]) == ("refused", 0)
    assert ids(session_settings, FIRST, "audience_0001.csv") == ["C1", "C2", "C5"]
    second = night(SECOND, "12345")
    assert ids(session_settings, SECOND, "audience_0001.csv") == ["C1", "C5"]
    assert ids(session_settings, SECOND, "removals.csv") == ["C2"]
    assert (second["email"]["count_added"], second["email"]["count_removed"]) == (0, 1)

    files = content(session_settings.exports)
    version = delta.version(spark, catalog.PUBLISHED_AUDIENCE_MEMBERS)
    again = night(SECOND, "12345")
    assert content(session_settings.exports) == files
    assert delta.version(spark, catalog.PUBLISHED_AUDIENCE_MEMBERS) == version
    assert again == second
    members = delta.read(spark, catalog.PUBLISHED_AUDIENCE_MEMBERS).where("left_at is not null").collect()
    assert [(row["customer_id"], row["left_at"].date()) for row in members] == [("C2", SECOND)]


def test_without_a_consent_table_nobody_goes_out_and_the_run_says_why(spark, session_settings, night):
    spark.sql(f"DROP TABLE IF EXISTS {catalog.GOLD_CONSENTS.full_name}")
    rows = night(FIRST, "12")
    assert (rows["email"]["status"], rows["email"]["reason"]) == ("blocked", "there is no consent table")
    folder = session_settings.exports / str(FIRST) / "email" / "fans"
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]
    assert json.loads((folder / "manifest.json").read_text())["files"] == []


def test_a_retired_id_is_taken_back_unless_its_successor_is_there(spark, session_settings, consents, night):
    consents([granted("C1"), granted("C2"), granted("C3")])
    night(FIRST, "123")
    heirs = [("C2", "C1", SECOND), ("C3", "C4", SECOND)]
    put(
        spark,
        catalog.IDENTITY_REDIRECTS,
        "old_customer_id string, customer_id string, changed_on date",
        heirs,
    )
    night(SECOND, "1")
    removals = session_settings.exports / str(SECOND) / "email" / "fans" / "removals.csv"
    assert [row["email"] for row in csv.DictReader(removals.open(newline=""))] == ["c4@example.org"]


def timeline(random: Random, customer_id: str) -> list[tuple[object, ...]]:
    """A few choices one after the other, each valid until the next."""
    days = sorted(random.sample(range(1, 28), random.randint(0, 4)))
    changes = [
        (at(day, random.choice([0, 3, 4, 5, 23])), random.choice(["granted", "denied", "revoked"]))
        for day in days
    ]
    ends = [moment for moment, _ in changes[1:]] + [None]
    return [
        (customer_id, "ads", status, since, until)
        for (since, status), until in zip(changes, ends, strict=False)
    ]


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.full)])
def test_consent_as_of_a_day_agrees_with_a_slow_reference(spark, count):
    random = Random(20171115)
    rows = [row for number in range(count) for row in timeline(random, f"C{number}")]
    end = datetime(2017, 11, 16, 5, tzinfo=UTC)
    expected = {
        row[0] for row in rows if row[2] == "granted" and row[3] < end and (row[4] is None or row[4] >= end)
    }
    found = consent_as_of(spark.createDataFrame(rows, CONSENT), date(2017, 11, 15), end)
    assert {row["customer_id"] for row in found.where("array_contains(granted, 'ads')").collect()} == expected
