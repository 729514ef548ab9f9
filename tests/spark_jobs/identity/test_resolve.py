"""The job on a source of its own, night after night, on real Delta tables."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from alluvium import catalog
from alluvium.contracts import contract
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake import delta
from alluvium.privacy import keys
from alluvium.tables import ingest
from spark_jobs.identity import read, resolve

FIRST_SIGHTS = [(3, 1), (3, 2), (3, 3), (4, 30)]  # the visit of May 1st, 0 h UTC, was in April in New York
HISTORY, NIGHT = date(2017, 10, 31), date(2017, 11, 1)
TABLES = ("PII_IDENTITY_RECORDS", *(f"IDENTITY_{name}" for name in (
    "LINKS", "CUSTOMER_RECORDS", "CHANGES", "REDIRECTS", "HOUSEHOLDS", "REVIEW_QUEUE", "COMPARED",
    "RUNS")))  # fmt: skip
PEOPLE = """
description: People of a club, one row per member.
files: {format: csv}
record: member_id
columns:
  member_id:  {type: string, required: true, identifier: member_id}
  first_name: {type: string, pii: name}
  last_name:  {type: string, pii: name}
  email:      {type: string, pii: email, identifier: email}
  joined_on:  {type: date, required: true}
key: [member_id]
newest: [joined_on]
event_time: joined_on
"""
VISITS = """
description: Visits of a site, one row per visit.
files: {format: csv}
record: device
record_kind: device
columns:
  visit_id:  {type: string, required: true}
  device:    {type: string, identifier: anonymous_id}
  member_id: {type: string, identifier: member_id}
  seen_at:   {type: timestamp, time_zone: UTC, required: true}
key: [visit_id]
newest: [seen_at]
event_time: seen_at
"""


class Club:
    """A source with its tables, and how rows get into them."""

    def __init__(self, spark: Any, settings: Any) -> None:
        self.spark, self.settings = spark, settings
        self.secret = keys.load_secret(keys.ensure_key(settings))
        self.people, self.visits = contract.load("club", "people"), contract.load("club", "visits")

    def _key(self, kind: str, value: str | None) -> str | None:
        return keys.identifier_key(kind, value, secret=self.secret)

    def _add(self, of: contract.Contract, number: int, row: dict[str, Any], record: str) -> None:
        hidden = {f"{name}_key": self._key(kind, row.get(name)) for name, kind in of.identifiers.items()}
        record_key = keys.record_key("club", record, self.secret)
        full = row | hidden | {"record_key": record_key, "_run_date": HISTORY, "_row_hash": str(number)}
        for table in (ingest.silver(of), ingest.pii_twin(of)):
            assert table is not None
            assert table.columns is not None
            schema = ", ".join(f"`{name}` {kind}" for name, (kind, _) in table.columns.items())
            values = [full.get(name) for name in table.columns]
            delta.append(self.spark.createDataFrame([values], schema), table)

    def member(self, number: int, first_name: str, last_name: str, email: str) -> None:
        """Someone joins."""
        row = {"member_id": f"m{number}", "first_name": first_name, "last_name": last_name, "email": email}
        self._add(self.people, number, row | {"joined_on": date(2017, 3, number)}, f"m{number}")

    def visit(self, number: int, device: str, member_id: str | None) -> None:
        """Someone looks at the site."""
        row = {"visit_id": str(number), "device": device, "member_id": member_id}
        self._add(self.visits, number, row | {"seen_at": datetime(2017, 5, number, tzinfo=UTC)}, device)

    def resolve(self, run_date: date, **options: str) -> dict[str, int]:
        """Run the job."""
        return dict(resolve.run(self.spark, JobConfig(run_date, self.settings, options)))

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """All rows of one of the room's tables, sorted."""
        return sorted(
            (tuple(row) for row in delta.read(self.spark, getattr(catalog, table)).collect()), key=str
        )

    def customers(self) -> dict[str, str]:
        """Record key to customer, today."""
        found = delta.read(self.spark, catalog.IDENTITY_CUSTOMER_RECORDS).where(
            "tier = 'strict' AND is_current"
        )
        return {row["record_key"]: row["customer_id"] for row in found.collect()}


pytestmark = pytest.mark.full


@pytest.fixture
def club(
    spark: Any, session_settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Club]:
    (tmp_path / "club").mkdir()
    (tmp_path / "club" / "people.yml").write_text(PEOPLE)
    (tmp_path / "club" / "visits.yml").write_text(VISITS)
    own_sources = session_settings.model_copy(update={"sources": tmp_path})
    monkeypatch.setattr(contract, "get_settings", lambda: own_sources)
    for name in TABLES:  # tables of its own: other tests of the session use the real ones
        monkeypatch.setattr(catalog, name, replace(getattr(catalog, name), name=f"club_{name.lower()}"))
    club = Club(spark, session_settings)
    yield club
    sources = [*ingest.tables_of(club.people), *ingest.tables_of(club.visits)]
    for table in [*sources, *(getattr(catalog, name) for name in TABLES)]:
        spark.sql(f"DROP TABLE IF EXISTS {table.full_name}")
    runs = session_settings.lake / "identity" / catalog.IDENTITY_RUNS.name
    shutil.rmtree(runs, ignore_errors=True)  # a test that only reads has made none


def test_nights_remember_and_repeat(club: Club) -> None:
    club.member(1, "Mary", "Whitcombe", "mary@post.org")
    club.member(2, "Molly", "Whitcombe", "mary@post.org")
    club.member(3, "John", "Whitcombe", "mary@post.org")
    club.visit(1, "tablet", "m1")
    counts = club.resolve(HISTORY, initial="true")
    first = club.customers()
    assert (counts["records"], counts["customers_strict"]) == (4, 2)
    strict = [row for row in club.rows("IDENTITY_CUSTOMER_RECORDS") if row[7] == "strict"]
    assert sorted(row[4] for row in strict) == [date(2017, month, day) for month, day in FIRST_SIGHTS]

    held = {name: club.rows(name) for name in TABLES[:-1]}
    versions = {name: delta.version(club.spark, getattr(catalog, name)) for name in TABLES[:-1]}
    club.resolve(HISTORY, initial="true")
    assert {name: club.rows(name) for name in held} == held
    assert {name: delta.version(club.spark, getattr(catalog, name)) for name in versions} == versions

    club.visit(2, "laptop", "m3")
    club.resolve(NIGHT)
    now = club.customers()
    assert {record: now[record] for record in first} == first
    assert len(now) == 5
    assert [row[2] for row in club.rows("IDENTITY_CHANGES") if row[0] == NIGHT] == ["attached"] * 3

    told = str(
        [club.rows(name) for name in TABLES if name.startswith("IDENTITY") and name != "IDENTITY_RUNS"]
    )
    assert not [value for value in ("Mary", "Whitcombe", "mary@post.org", "m1") if f"'{value}'" in told]
    with pytest.raises(AlluviumError, match="move forward only"):
        club.resolve(HISTORY)


def test_both_engines_read_the_same(club: Club) -> None:
    club.member(1, "Mary", "Whitcombe", "mary@post.org")
    club.member(1, "Molly", "Whitcombe", "molly@post.org")
    club.visit(1, "tablet", "m1")
    club.visit(2, "tablet", None)
    asked = (read.asker(club.spark, club.settings), partial(read._by_spark, club.spark))
    seen = [read.observations(ask, [club.people, club.visits], "America/New_York", 10) for ask in asked]
    for part in ("sights", "bears"):
        one, other = (getattr(each, part).sort(pl.all(), nulls_last=True) for each in seen)
        assert one.height >= 3
        assert one.equals(other)
