"""Within the day: the segments that follow the events, without the warehouse."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pyarrow as pa
import pytest

from alluvium.job import JobConfig
from alluvium.lake import ledger, stays
from alluvium.settings import Settings
from spark_jobs.segments import decide
from tests.spark_jobs.segments.lake import MEMBERS, members, members_version, put

FIRST, SECOND = date(2017, 11, 1), date(2017, 11, 2)
EVENTS_DEFINITION = """-- owner: crm-team
-- allowed purposes: marketing_email
-- schedule: {schedule}
-- guard: size between 0 and 10
-- Customers who looked at something on the run date.
select customer_id from gold.customer_events where occurred_on = :run_date and event = 'Product Viewed'
"""


def event(customer_id: str | None, moment: datetime, run_date: date) -> dict[str, object]:
    return {
        "event_id": f"web-{moment}", "source": "web", "customer_id": customer_id, "event": "Product Viewed",
        "occurred_at": moment, "occurred_on": moment.date(), "product_id": "1", "campaign_id": None,
        "quantity": None, "price": None, "_run_date": run_date,
    }  # fmt: skip


GOLD_EVENTS = pa.schema(
    [
        *[(name, pa.string()) for name in ("event_id", "source", "customer_id", "event")],
        ("occurred_at", pa.timestamp("us", tz="UTC")),
        ("occurred_on", pa.date32()),
        ("product_id", pa.string()),
        ("campaign_id", pa.int32()),
        ("quantity", pa.int32()),
        ("price", pa.decimal128(12, 2)),
        ("_run_date", pa.date32()),
    ]
)
SILVER_WEB = pa.schema(
    [
        *[(name, pa.string()) for name in ("message_id", "type", "event", "user_agent")],
        ("occurred_at", pa.timestamp("us", tz="UTC")),
        ("product_id", pa.int64()),
        ("quantity", pa.int32()),
        ("price", pa.decimal128(12, 2)),
        *[(name, pa.string()) for name in ("record_key", "user_id_key")],
        ("_run_date", pa.date32()),
    ]
)
SILVER_EMAIL = pa.schema(
    [
        *[(name, pa.string()) for name in ("event_id", "event", "record_key")],
        ("occurred_at", pa.timestamp("us", tz="UTC")),
        ("campaign_id", pa.int32()),
        ("_run_date", pa.date32()),
    ]
)


@pytest.fixture
def day(tmp_path) -> SimpleNamespace:
    """The night of the first is decided; on the second, events come in while the day lasts."""
    settings = Settings(home=tmp_path / "home")
    ledger.create(MEMBERS, settings)
    folder = tmp_path / "definitions"
    folder.mkdir()
    for name, schedule in (("lookers", "every 30 minutes"), ("slow_lookers", "nightly")):
        (folder / f"{name}.sql").write_text(EVENTS_DEFINITION.format(schedule=schedule))
    put(settings, "gold.customer_events", pa.Table.from_pylist(
        [event("C1", datetime(2017, 11, 1, 15, tzinfo=UTC), FIRST)], schema=GOLD_EVENTS))  # fmt: skip
    put(settings, "gold.customers", pa.table({"customer_id": ["C1", "C2", "C3"]}))
    put(settings, "silver.email_events", SILVER_EMAIL.empty_table())
    put(settings, "silver.shop_accounts", pa.table({"user_id_key": ["u3"], "record_key": ["r3"]}))
    put(settings, "identity.customer_records", pa.table({
        "record_key": ["r2", "r3", "r9"], "customer_id": ["C2", "C3", "C9"],
        "is_current": [True] * 3, "tier": ["strict"] * 3,
    }))  # fmt: skip

    def come_in(*rows: tuple[str, str, int, str]) -> None:
        web = [
            {"message_id": f"{key}{hour}", "type": "track", "event": "Product Viewed", "user_agent": agent,
             "occurred_at": datetime(2017, 11, 2, hour, tzinfo=UTC), column: key, "_run_date": SECOND}
            for column, key, hour, agent in rows
        ]  # fmt: skip
        put(settings, "silver.web_events", pa.Table.from_pylist(web, schema=SILVER_WEB))

    def refresh(hour: int) -> dict[str, int]:
        options = {"schedule": "every 30 minutes", "as_of": f"2017-11-02T{hour}:30:00+00:00"}
        return dict(decide.run(None, JobConfig(SECOND, settings, {"definitions": str(folder), **options})))

    def night(run_date: date) -> dict[str, int]:
        return dict(decide.run(None, JobConfig(run_date, settings, {"definitions": str(folder)})))

    def now_in(segment: str) -> set[str]:
        rows = members(settings).to_pylist()
        return {r["customer_id"] for r in rows if r["segment"] == segment and r["left_at"] is None}

    return SimpleNamespace(come_in=come_in, refresh=refresh, night=night, now_in=now_in, settings=settings)


def test_a_refresh_sees_the_events_of_the_day_and_decides_only_its_schedule(day):
    day.night(FIRST)
    assert day.now_in("lookers") == {"C1"}
    # By the device, by the account; a bot, somebody whom gold does not know, and one after the moment.
    day.come_in(
        ("record_key", "r2", 13, "phone"), ("user_id_key", "u3", 14, "phone"),
        ("record_key", "r2", 12, "a bot"), ("record_key", "r9", 13, "phone"),
        ("record_key", "r2", 20, "phone"),
    )  # fmt: skip
    day.refresh(13)
    assert day.now_in("lookers") == {"C2"}
    day.refresh(15)
    assert day.now_in("lookers") == {"C2", "C3"}
    assert day.now_in("slow_lookers") == {"C1"}


def test_a_repeated_refresh_writes_nothing(day):
    day.night(FIRST)
    day.come_in(("record_key", "r2", 13, "phone"))
    day.refresh(13)
    version = members_version(day.settings)
    day.refresh(14)
    assert members_version(day.settings) == version


def test_the_night_goes_over_what_the_day_refreshed(day):
    day.night(FIRST)
    day.come_in(("record_key", "r2", 13, "phone"))
    day.refresh(13)
    put(day.settings, "gold.customer_events", pa.Table.from_pylist(
        [event("C3", datetime(2017, 11, 2, 15, tzinfo=UTC), SECOND)], schema=GOLD_EVENTS))  # fmt: skip
    day.night(SECOND)
    assert day.now_in("lookers") == day.now_in("slow_lookers") == {"C3"}
    stays_of = {(r["customer_id"], r["left_at"]) for r in members(day.settings).to_pylist()}
    assert stays_of == {("C1", stays.night_at(SECOND)), ("C3", None)}


def test_a_night_that_is_late_is_not_refused_because_a_refresh_came_first(day):
    day.night(FIRST)
    day.come_in(("record_key", "r2", 13, "phone"))
    day.refresh(13)
    assert day.night(FIRST)["segments"] == 2
    assert day.now_in("lookers") == {"C1"}


def test_a_refresh_before_the_first_night_does_nothing(day):
    day.come_in(("record_key", "r2", 13, "phone"))
    assert day.refresh(13)["segments"] == 0
