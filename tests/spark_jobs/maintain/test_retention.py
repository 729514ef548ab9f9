"""Twelve months of nights take away what is over its time, and nothing else; holds are kept."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from alluvium.errors import AlluviumError
from alluvium.privacy import holds, retention
from alluvium.settings import Settings
from spark_jobs.maintain.retention import enforce

MONTHS = [date(2017 + month // 12, month % 12 + 1, 1) for month in range(20)]
DAYS = {"landing": 90, "exports": 120, "reports": 60, "logs": 30, "quarantine": 100}
DAYS |= {"bronze_events": 200, "pii_events": 90, "ml_400": 150, "ops_400": 300}


@pytest.fixture
def home(settings):
    """A part for every month of two years and more; Ann is there in March 2017, and a platform has Joe."""
    who = {day: "ann" if day == date(2017, 3, 1) else "joe" for day in MONTHS}
    for table in ("bronze.web_events", "pii.web_events", "bronze.crm_contacts"):
        _write(settings, table, [{"record_key": name, "_run_date": day} for day, name in who.items()])
    scores = [{"customer_id": name, "as_of_date": day} for day, name in who.items()]
    _write(settings, "ml.churn_scores", scores)
    _write(settings, "ops.runs", [{"run_id": str(day), "run_date": day} for day in MONTHS])
    for day in MONTHS:
        at = datetime.combine(day, datetime.min.time(), tzinfo=UTC)
        _file(settings.landing / "web" / "events" / f"run_date={day}" / "events.json", at)
        _file(settings.exports / str(day) / "email" / "champions" / "audience_0001.csv", at)
        _file(settings.reports / f"{day}.html", at)
        _file(settings.logs / f"{day}.log", at)
    _write(settings, "identity.customer_records", [{"record_key": "ann", "customer_id": "C1"}])
    sent = {"platform": "email", "segment": "champions", "left_at": None}
    entered = datetime(2017, 2, 1, tzinfo=UTC)
    fields = [(name, pa.string()) for name in sent]
    schema = pa.schema([*fields, ("entered_at", pa.timestamp("us", tz="UTC"))])
    path = settings.lake / "published" / "audience_members"
    path.mkdir(parents=True)
    write_deltalake(str(path), pa.Table.from_pylist([sent | {"entered_at": entered}], schema))
    return settings.model_copy(update={"retention_days": tuple(DAYS.items())})


def _write(settings, table, rows):
    path = settings.lake / table.replace(".", "/")
    path.parent.mkdir(parents=True, exist_ok=True)
    dates = [name for name in rows[0] if name in ("_run_date", "as_of_date")]
    write_deltalake(str(path), pa.Table.from_pylist(rows), partition_by=dates or None)


def _file(path, at):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    os.utime(path, (at.timestamp(), at.timestamp()))


def left(settings):
    """The days that are there, by table or folder."""
    found = {}
    for limit in retention.limits(settings):
        if days := {day.on for day in retention.days_held(settings, limit)}:
            found[limit.name] = days
    return found


def test_a_year_of_nights_keeps_each_class_for_its_days_and_not_one_longer(home):
    before = left(home)
    assert {len(days) for days in before.values()} == {len(MONTHS)}
    assert set(before) == {
        "landing", "exports", "reports", "logs",
        "bronze.web_events", "pii.web_events", "ml.churn_scores", "ops.runs",
    }  # fmt: skip
    limits = {limit.name: limit for limit in retention.limits(home)}
    for night in [date(2017, 8, 20) + timedelta(days=30 * month) for month in range(13)]:
        enforce(home, night)
        for name, days in left(home).items():
            kept = {day for day in MONTHS if day >= limits[name].oldest_kept(night)}
            with_platform = {date(2017, 2, 1)} if name == "exports" else set()
            assert days == kept | with_platform, (name, night)
    # Contact records are no events: they stay until they are erased.
    contacts = DeltaTable(str(home.lake / "bronze" / "crm_contacts")).to_pyarrow_table()
    assert contacts.num_rows == len(MONTHS)
    assert enforce(home, night) == {}


def test_a_hold_on_a_person_keeps_every_day_that_has_a_row_of_theirs(home):
    hold = holds.place(home, holds.CUSTOMER + "C1", "claim 17/204")
    enforce(home, date(2018, 6, 1))
    march = date(2017, 3, 1)
    there = left(home)
    assert [march in there[name] for name in ("bronze.web_events", "pii.web_events", "landing")] == [True] * 3
    assert date(2017, 4, 1) not in there["bronze.web_events"]
    holds.release(home, hold, "claim settled")
    assert holds.standing(home) == []
    enforce(home, date(2018, 6, 1))
    assert march not in left(home)["bronze.web_events"]


def test_a_hold_on_a_class_or_a_table_keeps_all_of_it(home):
    holds.place(home, "landing", "claim 17/205")
    holds.place(home, "pii.web_events", "claim 17/206")
    before = left(home)
    enforce(home, date(2019, 4, 1))
    after = left(home)
    assert {name for name in before if after.get(name) == before[name]} == {"landing", "pii.web_events"}
    with pytest.raises(AlluviumError, match="No hold"):
        holds.release(home, "nothing", "claim settled")


def test_a_company_sets_its_own_days_by_a_setting(settings, monkeypatch):
    monkeypatch.setenv("ALLUVIUM_RETENTION_DAYS", '{"landing": 30, "ml_400": 100}')
    own = Settings(home=settings.home)
    assert hash(own)
    days = {limit.name: limit.days for limit in retention.limits(own)}
    assert (days["landing"], days["ml.churn_scores"], days["exports"]) == (30, 100, 400)


def test_raw_values_of_events_are_kept_as_long_as_the_files_that_an_erasure_must_find_them_in(settings):
    days = retention.days_of(settings)
    assert days["pii_events"] >= max(days["landing"], days["quarantine"])
