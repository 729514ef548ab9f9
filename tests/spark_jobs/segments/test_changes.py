"""A refresh looks only at who did something since the last one, and ends where a full decision ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from alluvium.job import JobConfig
from alluvium.lake import ledger
from alluvium.settings import Settings
from spark_jobs.segments import changes, decide, definition
from tests.spark_jobs.segments.lake import MEMBERS, put
from tests.spark_jobs.segments.test_refresh import GOLD_EVENTS, SILVER_EMAIL, SILVER_WEB

FIRST, SECOND = date(2017, 11, 1), date(2017, 11, 2)
HEADER = """-- owner: crm-team
-- allowed purposes: marketing_email
-- schedule: every 30 minutes
-- guard: size between 0 and 1000
-- Made for a test.
"""
LOOKERS = """select customer_events.customer_id
from gold.customer_events inner join gold.customers on customers.customer_id = customer_events.customer_id
where occurred_on between date_sub(:run_date, 1) and :run_date
group by customer_events.customer_id having count_if(event = 'Product Viewed') > 1
"""
SEQUENCE = """owner: crm-team
purposes: [marketing_email]
schedule: every 30 minutes
guard: {size: [0, 1000]}
description: Carted something and did not buy within two hours.
rules:
  all:
    - {event: Product Added, not_followed_by: Order Completed, within_hours: 2, in_last_days: 2}
"""
PEOPLE = [f"C{number}" for number in range(30)]
EVENTS = ("Product Viewed", "Product Added", "Order Completed")


def gold_events(rows: list[tuple[str, str, datetime]]) -> pa.Table:
    return pa.Table.from_pylist([
        {"event_id": f"web-{place}-{moment}", "source": "web", "customer_id": person, "event": event,
         "occurred_at": moment, "occurred_on": moment.date(), "_run_date": moment.date()}
        for place, (person, event, moment) in enumerate(rows)
    ], schema=GOLD_EVENTS)  # fmt: skip


def silver_events(rows: list[tuple[str, str, datetime]]) -> pa.Table:
    return pa.Table.from_pylist([
        {"message_id": f"{place}-{moment}", "type": "track", "event": event, "user_agent": "phone",
         "occurred_at": moment, "record_key": f"r{person}", "_run_date": moment.date()}
        for place, (person, event, moment) in enumerate(rows)
    ], schema=SILVER_WEB)  # fmt: skip


class Day:
    """A lake whose last night is that of the first, on the second."""

    def __init__(self, home: Path, gold: pa.Table, definitions: dict[str, str]) -> None:
        self.settings = Settings(home=home, business_time_zone="UTC")
        self.folder = home / "definitions"
        self.folder.mkdir(parents=True)
        for name, text in definitions.items():
            (self.folder / name).write_text(text)
        ledger.create(MEMBERS, self.settings)
        for table, rows in {
            "gold.customer_events": gold,
            "gold.customers": pa.table({"customer_id": PEOPLE}),
            "silver.web_events": SILVER_WEB.empty_table(),
            "silver.email_events": SILVER_EMAIL.empty_table(),
            "silver.shop_accounts": pa.table({"user_id_key": ["none"], "record_key": ["none"]}),
            "identity.customer_records": pa.table({
                "record_key": [f"r{person}" for person in PEOPLE], "customer_id": PEOPLE,
                "is_current": [True] * len(PEOPLE), "tier": ["strict"] * len(PEOPLE),
            }),
        }.items():  # fmt: skip
            put(self.settings, table, rows)
        self.run(FIRST)

    def run(self, run_date: date, **options: str) -> None:
        options["definitions"] = str(self.folder)
        decide.run(None, JobConfig(run_date, self.settings, options))  # type: ignore[arg-type]

    def refresh(self, as_of: datetime) -> None:
        self.run(SECOND, schedule="every 30 minutes", as_of=as_of.isoformat())

    def come_in(self, rows: list[tuple[str, str, datetime]]) -> None:
        write_deltalake(str(self.settings.lake / "silver" / "web_events"), silver_events(rows), mode="append")

    def stays(self) -> list[tuple[object, ...]]:
        """Every stay; which night wrote a row last is left out."""
        rows = pa.table(
            DeltaTable(str(self.settings.lake / MEMBERS.schema / MEMBERS.name)).to_pyarrow_table()
        ).to_pylist()
        return sorted(tuple(str(row[name]) for name in row if name != "run_date") for row in rows)


@pytest.fixture
def partial(monkeypatch) -> list[bool]:
    """For every refresh that could go on from an earlier one, whether it looked at the changed only."""
    found: list[bool] = []
    ask = changes.query

    def noted(*given):
        query = ask(*given)
        found.append(query is not None)
        return query

    monkeypatch.setattr(changes, "query", noted)
    return found


def drawn(rng: Random, day: date, count: int, until: int = 24) -> list[tuple[str, str, datetime]]:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return [
        (rng.choice(PEOPLE), rng.choice(EVENTS), start + timedelta(seconds=rng.randrange(until * 3600)))
        for _ in range(count)
    ]


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.full)])
def test_partial_refreshes_end_where_one_full_decision_ends(tmp_path, partial, seed):
    rng = Random(seed)
    gold = gold_events(drawn(rng, FIRST, 40) + drawn(rng, date(2017, 10, 31), 40))
    definitions = {"lookers.sql": HEADER + LOOKERS, "carters.yml": SEQUENCE}
    stepwise = Day(tmp_path / "a home", gold, definitions)
    for hour in range(1, 6):
        # Late events too: they arrive hours after they happened.
        stepwise.come_in(drawn(rng, SECOND, rng.randrange(4), until=hour))
        stepwise.refresh(datetime(2017, 11, 2, hour, tzinfo=UTC))
    assert partial == [True] * 4
    at_once = Day(tmp_path / "at_once", gold, definitions)
    told = DeltaTable(str(stepwise.settings.lake / "silver" / "web_events")).to_pyarrow_table()
    put(at_once.settings, "silver.web_events", pa.table(told))
    at_once.refresh(datetime(2017, 11, 2, 5, tzinfo=UTC))
    assert stepwise.stays() == at_once.stays()
    assert len(partial) == 4


def test_an_event_that_is_taken_back_changes_its_customer_again(tmp_path, partial):
    day = Day(tmp_path / "home", gold_events([]), {"lookers.sql": HEADER + LOOKERS})
    noon = datetime(2017, 11, 2, 12, tzinfo=UTC)
    views = [("C1", "Product Viewed", noon - timedelta(minutes=minutes)) for minutes in (5, 9)]
    day.come_in(views)
    day.refresh(noon)
    assert [stay[1] for stay in day.stays()] == ["C1"]
    put(day.settings, "silver.web_events", silver_events(views[:1]))
    day.refresh(noon + timedelta(minutes=30))
    assert day.stays() == []
    assert partial == [True]


def test_whoever_waits_long_enough_enters_without_a_new_event(tmp_path, partial):
    day = Day(tmp_path / "home", gold_events([]), {"carters.yml": SEQUENCE})
    carted = datetime(2017, 11, 2, 8, tzinfo=UTC)
    day.come_in([("C1", "Product Added", carted)])
    day.refresh(carted + timedelta(minutes=90))
    assert day.stays() == []
    day.refresh(carted + timedelta(minutes=120))
    assert [stay[1] for stay in day.stays()] == ["C1"]
    assert partial == [True]


def test_another_definition_or_another_table_decides_everybody(tmp_path, partial):
    day = Day(tmp_path / "home", gold_events([]), {"lookers.sql": HEADER + LOOKERS})
    noon = datetime(2017, 11, 2, 12, tzinfo=UTC)
    day.refresh(noon)
    put(day.settings, "gold.customers", pa.table({"customer_id": PEOPLE[:5]}))
    day.refresh(noon)
    (day.folder / "lookers.sql").write_text(HEADER + LOOKERS.replace("> 1", "> 0"))
    day.refresh(noon)
    assert partial == []


@pytest.mark.parametrize(
    ("sql", "is_so"),
    [
        (LOOKERS, True),
        ("select customer_id from gold.customer_events where event = 'x'", True),
        ("select customer_id from gold.customers where region = 'OH'", True),
        ("select customer_id from gold.customer_events where occurred_at < :as_of", False),
        ("select customer_id from gold.customer_events order by occurred_at limit 5", False),
        ("select customers.customer_id from gold.customers where exists "
         "(select 1 from gold.customer_events where event = 'x')", False),
        ("select max(customer_id) as customer_id from gold.customer_events", False),
        ("select a.customer_id from gold.customer_events as a "
         "inner join gold.customer_events as b on a.product_id = b.product_id", False),
        ("select customer_id from gold.customer_events "
         "group by customer_id, product_id having count(*) > 1", False),
    ],
)  # fmt: skip
def test_only_what_follows_one_customers_events_is_decided_in_part(sql, is_so):
    made = definition.parse((HEADER + sql).encode(), "made.sql")
    assert changes.follows_events(made) is is_so


def bytes_read() -> int:
    """What this process has read from files, whether or not the disk had to move."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("rchar")).split()[1])


def cost_of_refreshes(home: Path, days: int) -> list[int]:
    """Bytes that the first and the second refresh of a day read, after so many days of history."""
    rng = Random(1)
    day = Day(home, gold_events(drawn(rng, FIRST, 500)), {"lookers.sql": HEADER + LOOKERS})
    earlier = [row for back in range(1, days) for row in drawn(rng, FIRST - timedelta(days=back), 500)]
    write_deltalake(str(day.settings.lake / "gold" / "customer_events"), gold_events(earlier), mode="append")
    costs = []
    for hour in (8, 9):
        day.come_in(drawn(rng, SECOND, 20, until=hour))
        before = bytes_read()
        day.refresh(datetime(2017, 11, 2, hour, tzinfo=UTC))
        costs.append(bytes_read() - before)
    return costs


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="the kernel does not count bytes")
def test_what_a_refresh_reads_does_not_grow_with_the_history(tmp_path):
    short, long = (cost_of_refreshes(tmp_path / str(days), days) for days in (2, 80))
    assert all(after < 1.2 * before for before, after in zip(short, long, strict=True)), (short, long)
