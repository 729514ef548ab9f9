"""Nights of deliveries without Spark: consent timelines, random segments, suppression, approval, kills."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from alluvium import catalog
from alluvium.job import JobConfig
from alluvium.lake import ledger
from alluvium.privacy.keys import ensure_key, identifier_key, load_secret
from alluvium.settings import Settings
from spark_jobs.publish import audiences, deliver, drafts, driver_candidates
from spark_jobs.publish.plan import FOLDER
from spark_jobs.publish.preconditions import APPROVED, approval

DAY = date(2017, 11, 15)
END = datetime(2017, 11, 16, 5, tzinfo=UTC)
INSTANT = pa.timestamp("us", tz="UTC")
TABLES = (
    catalog.PUBLISHED_SEGMENT_MEMBERS, catalog.PUBLISHED_AUDIENCE_MEMBERS, catalog.PUBLISHED_AUDIENCE_DRAFTS,
    catalog.OPS_SUPPRESSIONS,
)  # fmt: skip
CONSENTS = pa.schema(
    [*[(name, pa.string()) for name in ("customer_id", "purpose", "status")],
     ("valid_from", INSTANT), ("valid_to", INSTANT)]
)  # fmt: skip
MAILINGS = pa.schema(
    [*[(name, pa.string()) for name in ("email_key", "event", "event_id")], ("occurred_at", INSTANT)]
)


@dataclass
class Lake:
    """A lake on this machine whose tables a test writes."""

    settings: Settings
    plan: Path

    def put(self, table: str, rows: pa.Table) -> None:
        write_deltalake(str(self.settings.lake.joinpath(*table.split("."))), rows, mode="overwrite")

    def people(self, count: int) -> list[str]:
        ids = [f"C{number:05}" for number in range(count)]
        nobody = pa.array([None] * count, pa.string())
        self.put("pii.customers", pa.table({
            "customer_id": ids, "email": [f"{one.lower()}@example.org" for one in ids], "phone": nobody,
            "first_name": ["Ann"] * count, "last_name": nobody, "city": nobody, "state": nobody,
            "postal_code": nobody, "country": ["US"] * count,
            "birth_date": pa.array([None] * count, pa.date32()),
        }))  # fmt: skip
        return ids

    def consent(self, rows: list[tuple[object, ...]]) -> None:
        names = CONSENTS.names
        made = [dict(zip(names, row, strict=True)) for row in rows]
        self.put("gold.consents", pa.Table.from_pylist(made, schema=CONSENTS))

    def decide(self, members: dict[str, list[str]], day: date = DAY) -> None:
        rows = [
            {"segment": segment, "customer_id": one, "entered_at": datetime(2017, 11, 1, tzinfo=UTC),
             "left_at": None, "definition_version": "v1", "run_date": date(2017, 11, 1)}
            for segment, ids in members.items() for one in ids
        ]  # fmt: skip
        schema = pa.schema([(f.name, f.type) for f in ledger._schema(catalog.PUBLISHED_SEGMENT_MEMBERS)])
        self.put("published.segment_members", pa.Table.from_pylist(rows, schema=schema))
        runs = [
            {"segment": segment, "run_date": day, "definition_version": "v1", "status": "decided",
             "allowed_purposes": "marketing_email,marketing_ads"}
            for segment in members
        ]  # fmt: skip
        ledger.replace(catalog.PUBLISHED_SEGMENT_RUNS, runs, f"run_date = '{day}'", self.settings)

    def deliveries(self, *lines: str, more: str = "") -> None:
        head = f"unsubscribe_url: https://shop.example/{{token}}\nminimum_size: 1\n{more}deliveries:\n"
        (self.plan / "deliveries.yml").write_text(head + "".join(f"  - {{{line}}}\n" for line in lines))

    def night(self, day: date = DAY) -> dict[tuple[str, str], dict[str, object]]:
        config = JobConfig(day, self.settings, {"plan": str(self.plan)})
        audiences.run(None, config)
        deliver.run(None, config)
        rows = ledger.read(catalog.PUBLISHED_AUDIENCE_DELIVERIES, self.settings).to_pylist()
        return {(row["segment"], row["platform"]): row for row in rows if row["run_date"] == day}

    def file(self, place: str, name: str = "audience_0001.csv", day: date = DAY) -> list[dict[str, str]]:
        path = self.settings.exports / str(day) / place / name
        return list(csv.DictReader(path.open(newline=""))) if path.exists() else []


@pytest.fixture
def lake(tmp_path) -> Lake:
    settings = Settings(home=tmp_path / "home", exports_s3_bucket=None)
    plan = tmp_path / "plan"
    plan.mkdir()
    (plan / "platforms.yml").write_text((FOLDER / "platforms.yml").read_text())
    for table in TABLES:
        ledger.create(table, settings)
    return Lake(settings, plan)


def granted(one: str, purpose: str = "marketing_email") -> tuple[object, ...]:
    return (one, purpose, "granted", datetime(2017, 1, 1, tzinfo=UTC), None)


def timeline(random: Random, one: str) -> list[tuple[object, ...]]:
    """A few choices one after the other, each valid until the next; sometimes two sources at once."""
    made: list[tuple[object, ...]] = []
    for _ in range(random.choice([0, 1, 1, 1, 2])):
        days = sorted(random.sample(range(1, 28), random.randint(0, 4)))
        moments = [datetime(2017, 11, day, random.choice([0, 3, 4, 5, 23]), tzinfo=UTC) for day in days]
        for since, until in zip(moments, [*moments[1:], None], strict=False):
            made.append(
                (one, "marketing_email", random.choice(["granted", "denied", "revoked"]), since, until)
            )
    return made


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.full)])
def test_consent_as_of_a_day_agrees_with_a_slow_reference(lake, count):
    random = Random(20171115)
    ids = lake.people(count)
    choices = {one: timeline(random, one) for one in ids}
    lake.consent([row for rows in choices.values() for row in rows])
    lake.decide({"fans": ids})
    asked = [("fans", "email", ["marketing_email"], False)]
    config = JobConfig(DAY, lake.settings)
    rows = [r for b in driver_candidates.people(config, asked) for r in b.to_pylist()]
    assert len(rows) == count
    disagreements = 0
    for row in rows:
        holding = []
        for _, _, status, since, until in choices[row["customer_id"]]:
            if since < END and (until is None or until >= END):
                holding.append(status)
        disagreements += row["is_consented"] != (bool(holding) and set(holding) == {"granted"})
    assert disagreements == 0


@pytest.mark.parametrize("segments", [10, pytest.param(200, marks=pytest.mark.full)])
def test_nobody_without_consent_or_on_the_list_is_in_any_file(lake, segments):
    random = Random(9)
    ids = lake.people(400)
    chosen = {
        (one, purpose): random.choice(["granted", "granted", "denied", "revoked", None])
        for one in ids
        for purpose in ("marketing_email", "marketing_ads")
    }
    start = datetime(2017, 1, 1, tzinfo=UTC)
    lake.consent([(*key, status, start, None) for key, status in chosen.items() if status])
    suppressed = set(random.sample(ids, 40))
    tokens = pa.table({
        "kind": ["customer_id"] * 40, "token": sorted(suppressed), "reason": ["erased"] * 40,
        "suppressed_at": pa.array([start] * 40, INSTANT),
    })  # fmt: skip
    lake.put("ops.suppressions", tokens)
    members = {f"s{n}": sorted(random.sample(ids, random.randint(1, 300))) for n in range(segments)}
    lake.decide(members)
    lake.deliveries(*[f"segment: {name}, platform: {to}" for name in members for to in ("email", "meta")])
    lake.night()
    by_hash = {sha256(f"{one.lower()}@example.org".encode()).hexdigest(): one for one in ids}
    sent = 0
    for name, inside in members.items():
        for platform, purpose in (("email", "marketing_email"), ("meta", "marketing_ads")):
            rows = lake.file(f"{platform}/{name}")
            found = {row.get("customer_id") or by_hash[row["email"]] for row in rows}
            allowed = {one for one in inside if chosen[one, purpose] == "granted"} - suppressed
            assert found == allowed
            sent += len(found)
    assert sent > 100


def test_mail_that_came_back_and_complaints_suppress_the_same_night(lake):
    ids = lake.people(4)
    lake.consent([granted(one) for one in ids])
    lake.decide({"fans": ids})
    lake.deliveries("segment: fans, platform: email")
    secret = load_secret(ensure_key(lake.settings))
    keys = [identifier_key("email", f"{one.lower()}@example.org", secret=secret) for one in ids]
    told = [(0, "Email Bounced", 3), (1, "Email Bounced", 3), (1, "Email Delivered", 5),
            (2, "Email Marked as Spam", 4), (2, "Email Delivered", 6), (3, "Email Bounced", 23)]  # fmt: skip
    rows = [
        {"email_key": keys[who], "event": event, "event_id": str(n),
         "occurred_at": datetime(2017, 11, 15, hour, tzinfo=UTC) + timedelta(days=hour == 23)}
        for n, (who, event, hour) in enumerate(told)
    ]  # fmt: skip
    lake.put("silver.email_events", pa.Table.from_pylist(rows, schema=MAILINGS))
    row = lake.night()["fans", "email"]
    assert {line["customer_id"] for line in lake.file("email/fans")} == {ids[1], ids[3]}
    assert row["count_suppressed"] == 2
    lake.decide({"fans": ids}, DAY + timedelta(days=1))
    lake.night(DAY + timedelta(days=1))
    assert [
        line["customer_id"] for line in lake.file("email/fans", "removals.csv", DAY + timedelta(days=1))
    ] == [ids[3]]


def test_a_revocation_and_a_delivery_that_is_planned_no_more_take_people_back_everywhere(lake):
    ids = lake.people(3)
    both = [granted(one, purpose) for one in ids for purpose in ("marketing_email", "marketing_ads")]
    lake.consent(both)
    lake.decide({"fans": ids})
    lake.deliveries("segment: fans, platform: email", "segment: fans, platform: meta")
    lake.night()
    following = DAY + timedelta(days=1)
    since = datetime(2017, 11, 16, 12, tzinfo=UTC)
    lake.consent([
        *[row for row in both if row[0] != ids[0]],
        *[(ids[0], purpose, "revoked", since, None) for purpose in ("marketing_email", "marketing_ads")],
    ])  # fmt: skip
    lake.decide({"fans": ids}, following)
    lake.deliveries("segment: fans, platform: email")
    done = lake.night(following)
    assert [row["customer_id"] for row in lake.file("email/fans", "removals.csv", following)] == [ids[0]]
    assert (done["fans", "meta"]["status"], done["fans", "meta"]["count_removed"]) == ("ended", 3)
    assert len(lake.file("meta/fans", "removals.csv", following)) == 3


def test_a_held_audience_goes_out_when_somebody_approved_and_a_stale_feed_blocks_everybody(lake):
    ids = lake.people(3)
    lake.consent([granted(one) for one in ids])
    lake.decide({"fans": ids})
    lake.deliveries("segment: fans, platform: email", more="guards: {largest: 2}\n")
    held = lake.night()["fans", "email"]
    assert (held["status"], held["reason"], lake.file("email/fans")) == ("held", "3 people, more than 2", [])
    act = {"audit_id": "1", "action": APPROVED, "subject": approval("fans", "email", DAY)}
    ledger.append(catalog.OPS_AUDIT, [act], lake.settings)
    assert lake.night()["fans", "email"]["status"] == "delivered"
    assert len(lake.file("email/fans")) == 3
    lake.deliveries(
        "segment: fans, platform: email", more="consent_feed: {source: consent, stale_after_days: 7}\n"
    )
    batch = {
        "source": "consent",
        "entity": "preferences",
        "run_date": DAY - timedelta(days=8),
        "rows_read": 1,
    }
    ledger.append(catalog.OPS_BATCHES, [batch], lake.settings)
    blocked = lake.night()["fans", "email"]
    assert (blocked["status"], blocked["count_exported"]) == ("blocked", 0)
    assert "older than 7 days" in blocked["reason"]


def test_a_rehearsal_tells_and_touches_nothing(lake):
    ids = lake.people(2)
    lake.consent([granted(one) for one in ids])
    lake.decide({"fans": ids})
    lake.deliveries("segment: fans, platform: email")
    config = JobConfig(DAY, lake.settings, {"plan": str(lake.plan)})
    ((_, outcome),) = audiences.rehearse(None, config)
    assert (outcome.status, outcome.counts["added"]) == ("delivered", 2)
    assert not list(lake.settings.exports.glob("*/"))[1:]
    assert not drafts.folder(lake.settings, DAY).exists()
    members = lake.settings.lake / "published" / "audience_members"
    assert DeltaTable(str(members)).version() == 0


def test_a_delivery_that_was_killed_halfway_goes_on(lake, monkeypatch):
    ids = lake.people(2)
    lake.consent([granted(one) for one in ids])
    lake.decide({"fans": ids, "friends": ids})
    lake.deliveries("segment: fans, platform: email", "segment: friends, platform: email")
    config = JobConfig(DAY, lake.settings, {"plan": str(lake.plan)})
    audiences.run(None, config)
    real = deliver.Places.deliver

    def killed(self, place):
        if place.endswith("friends"):
            raise KeyboardInterrupt
        return real(self, place)

    monkeypatch.setattr(deliver.Places, "deliver", killed)
    with pytest.raises(KeyboardInterrupt):
        deliver.run(None, config)
    assert not (lake.settings.exports / str(DAY) / "email" / "friends").exists()
    monkeypatch.undo()
    deliver.run(None, config)
    manifest = json.loads(
        (lake.settings.exports / str(DAY) / "email" / "friends" / "manifest.json").read_text()
    )
    assert manifest["counts"]["exported"] == 2
    assert not drafts.folder(lake.settings, DAY).exists()


def test_without_a_consent_table_on_this_machine_nobody_goes_out_and_the_run_says_what_to_do(lake):
    lake.decide({"fans": lake.people(2)})
    lake.deliveries("segment: fans, platform: email")
    row = lake.night()["fans", "email"]
    assert (row["status"], row["count_exported"]) == ("blocked", 0)
    assert "must be mounted" in row["reason"]
    assert lake.file("email/fans") == []
