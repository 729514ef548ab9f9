"""Nights of deliveries on a small lake: consent as of the run date, removals, repeats."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from pyspark.sql import functions as F

from alluvium import catalog
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake import delta, ledger, stays
from alluvium.settings import Settings
from spark_jobs.publish import audiences, deliver, drafts, driver_candidates, spark_people
from spark_jobs.publish.audience import BLOCKED, Outcome
from spark_jobs.publish.candidates import consent_as_of
from spark_jobs.publish.plan import FOLDER, load

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


def members_of_fans(spark, numbers: str) -> None:
    spark.sql(f"DROP TABLE IF EXISTS {catalog.PUBLISHED_SEGMENT_MEMBERS.full_name}")
    rows = [("fans", f"C{n}", stays.night_at(FIRST), None, "v1", FIRST) for n in numbers]
    ddl = ", ".join(f"{name} {kind}" for name, (kind, _) in catalog.PUBLISHED_SEGMENT_MEMBERS.columns.items())
    delta.append(spark.createDataFrame(rows, ddl), catalog.PUBLISHED_SEGMENT_MEMBERS)


def both_ways(spark, config: JobConfig) -> list[list[dict[str, object]]]:
    """The people of the night by DuckDB and by Spark."""
    asked = [("fans", "email", ["marketing_email"], False), ("fans", "meta", ["marketing_ads"], True)]
    here = driver_candidates.people(config, asked)
    there = spark_people.people(spark, config, asked)
    return [[row for batch in batches for row in batch.to_pylist()] for batches in (here, there)]


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def plan(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("plan")
    (folder / "deliveries.yml").write_text(PLAN)
    shutil.copy(FOLDER / "platforms.yml", folder)
    return folder


@pytest.fixture(scope="module")
def lake(spark, session_settings) -> Settings:
    """Nine customers; C2, C6 and C7 change between the nights, C8 shares the address of C3, who said no."""
    settings = session_settings.model_copy(update={"exports_s3_bucket": None})
    shutil.rmtree(settings.exports, ignore_errors=True)
    for table in (catalog.PUBLISHED_SEGMENT_RUNS, catalog.PUBLISHED_AUDIENCE_DELIVERIES):
        shutil.rmtree(settings.lake / table.schema / table.name, ignore_errors=True)
    tables = (catalog.PUBLISHED_AUDIENCE_MEMBERS, catalog.PUBLISHED_AUDIENCE_DRAFTS)
    for table in (*tables, catalog.IDENTITY_REDIRECTS, catalog.OPS_SUPPRESSIONS):
        spark.sql(f"DROP TABLE IF EXISTS {table.full_name}")
    people = [
        (f"C{n}", f"c{n if n != 8 else 3}@example.org", None, "Ann", None, None, None, None, "US", None)
        for n in range(1, 10)
    ]
    put(spark, catalog.PII_CUSTOMERS, CONTACT, people)
    # C3 has two answers at once, C4 was never asked. C5 revokes an hour after the second run date has ended,
    # which it does at local midnight, 04:00 UTC.
    both = [granted("C3"), revoked("C3", at(1) - timedelta(days=9))]
    changed = [granted("C2", at(2)), revoked("C2", at(2)), granted("C5", at(3, 5)), revoked("C5", at(3, 5))]
    consents = [granted("C1"), *changed, *both, granted("C6"), granted("C7"), granted("C8"), granted("C9")]
    put(spark, catalog.GOLD_CONSENTS, CONSENT, consents)
    suppressed = [("customer_id", "C9", "bounced", at(1))]
    ddl = ", ".join(f"{name} {kind}" for name, (kind, _) in catalog.OPS_SUPPRESSIONS.columns.items())
    delta.append(spark.createDataFrame(suppressed, ddl), catalog.OPS_SUPPRESSIONS)
    return settings


@pytest.fixture(scope="module")
def nights(spark, lake, plan) -> SimpleNamespace:
    """Two nights, the second one repeated: each takes seconds, so that every test looks at the same ones."""

    def run(run_date: date) -> SimpleNamespace:
        decided = {"segment": "fans", "run_date": run_date, "definition_version": "v1", "status": "decided"}
        decided["allowed_purposes"] = "marketing_email"
        ledger.replace(catalog.PUBLISHED_SEGMENT_RUNS, [decided], f"run_date = '{run_date}'", lake)
        config = JobConfig(run_date, lake, {"plan": str(plan)})
        audiences.run(spark, config)
        drafted = content(lake.exports)
        people = both_ways(spark, config)
        deliver.run(spark, config)
        written = ledger.read(catalog.PUBLISHED_AUDIENCE_DELIVERIES, lake).to_pylist()
        return SimpleNamespace(
            ledger={row["platform"]: row for row in written if row["run_date"] == run_date},
            files=content(lake.exports),
            version=delta.version(spark, catalog.PUBLISHED_AUDIENCE_MEMBERS),
            drafted=drafted,
            people=people,
        )

    members_of_fans(spark, "123456789")
    first = run(FIRST)
    members_of_fans(spark, "12345")
    heirs = [("C6", "C1", SECOND), ("C7", "C4", SECOND)]
    put(
        spark,
        catalog.IDENTITY_REDIRECTS,
        "old_customer_id string, customer_id string, changed_on date",
        heirs,
    )
    return SimpleNamespace(first=first, second=run(SECOND), again=run(SECOND))


def column(night, run_date: date, name: str, header: str) -> list[str]:
    text = night.files[f"{run_date}/email/fans/{name}"].decode()
    return [row[header] for row in csv.DictReader(text.splitlines())]


def test_duckdb_and_spark_give_the_same_people_in_the_same_order(nights):
    for night in (nights.first, nights.second, nights.again):
        here, there = night.people
        assert len(here) >= 5
        assert here == there


def test_no_file_stands_in_its_place_before_it_is_delivered(nights):
    assert all(name.startswith(".draft/") for name in nights.first.drafted)
    assert not any(name.startswith(".draft/") for name in nights.first.files)
    waiting = [name for name in nights.second.drafted if name.startswith(f".draft/{SECOND}/email/fans/")]
    assert len(waiting) == 3
    assert {n: c for n, c in nights.second.drafted.items() if n in nights.first.files} == nights.first.files


def test_what_is_not_completely_drafted_is_not_delivered(settings, plan):
    config = JobConfig(FIRST, settings)
    with pytest.raises(AlluviumError, match=r"publish\.audiences --run-date 2017-11-01"):
        deliver.run(None, config)
    audiences.Night(config, load(plan))
    with pytest.raises(AlluviumError, match="no complete drafts"):
        deliver.run(None, config)


def test_only_people_with_consent_at_the_end_of_the_run_date_go_out(nights):
    assert column(nights.first, FIRST, "audience_0001.csv", "customer_id") == ["C1", "C2", "C5", "C6", "C7"]
    assert column(nights.second, SECOND, "audience_0001.csv", "customer_id") == ["C1", "C5"]
    delivered = nights.first.ledger["email"]
    assert (delivered["count_without_consent"], delivered["count_suppressed"]) == (2, 1)


def test_an_address_that_another_customer_refused_stays_out(nights):
    assert "C8" in column(nights.first, FIRST, "rejects.csv", "customer_id")
    assert "refused_by_another" in column(nights.first, FIRST, "rejects.csv", "reason")


def test_revoked_and_retired_people_are_taken_back_unless_their_successor_is_there(nights):
    # C2 revoked; C6 goes on as C1, who is in the file; C7 goes on as C4, who is not.
    removed = column(nights.second, SECOND, "removals.csv", "email")
    assert removed == ["c2@example.org", "c4@example.org"]
    assert nights.second.ledger["email"]["count_removed"] == 3


def test_the_same_night_again_writes_the_same_bytes_and_no_commit(nights):
    assert nights.again.files == nights.second.files
    assert nights.again.version == nights.second.version
    assert nights.again.ledger == nights.second.ledger


def test_a_purpose_that_the_segment_does_not_allow_is_refused(nights):
    refused = nights.first.ledger["meta"]
    assert (refused["status"], refused["reason"]) == ("refused", "the segment does not allow marketing_ads")
    assert [name for name in nights.first.files if "/meta/" in name] == [f"{FIRST}/meta/fans/manifest.json"]


def test_the_history_says_who_was_sent_where_and_until_when(spark, nights):
    members = delta.read(spark, catalog.PUBLISHED_AUDIENCE_MEMBERS)
    days = [F.date_format(name, "MM-dd HH:mm").alias(name) for name in ("entered_at", "left_at")]
    rows = members.select("customer_id", "purpose", *days).collect()
    assert {row["customer_id"]: row["left_at"] for row in rows} == {
        "C1": None, "C2": "11-02 00:00", "C5": None, "C6": "11-02 00:00", "C7": "11-02 00:00",
    }  # fmt: skip
    assert {row["entered_at"] for row in rows} == {"11-01 00:00"}
    assert {row["purpose"] for row in rows} == {"marketing_email"}


def test_a_delivery_that_does_not_run_leaves_a_manifest_that_says_why(settings, plan):
    night = audiences.Night(JobConfig(FIRST, settings), load(plan))
    outcome = Outcome(BLOCKED, "there is no consent table")
    night.leave_out(night.planned.deliveries[0], outcome, "v1")
    ((name, text),) = content(drafts.folder(settings, FIRST)).items()
    assert name == "email/fans/manifest.json"
    manifest = json.loads(text)
    assert (manifest["status"], manifest["files"]) == ("blocked", [])
    assert manifest["reason"] == "there is no consent table"


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
