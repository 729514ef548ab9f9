"""Made-up events for a bench: some months of them in gold as nights leave them, and a day that goes on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import write_deltalake

from alluvium import catalog
from alluvium.lake import ledger
from alluvium.settings import Settings

TODAY = date(2017, 11, 15)
DAYS, A_FILE = 90, 5
HALF_HOURS = 48
_GOLD = """
SELECT 'web-' || n AS event_id, 'web' AS source, 'C' || (hash(n) % {customers}) AS customer_id,
    CASE hash(n + 1) % 4 WHEN 0 THEN 'Product Viewed' WHEN 1 THEN 'Product Added' WHEN 2 THEN 'Page Viewed'
        ELSE 'Order Completed' END AS event,
    TIMESTAMPTZ '{first} 00:00:00+00' + to_seconds(CAST(hash(n + 2) % {seconds} AS BIGINT)) AS occurred_at,
    CAST(occurred_at AS DATE) AS occurred_on, CAST(hash(n + 3) % 90000 AS VARCHAR) AS product_id,
    CAST(NULL AS INT) AS campaign_id, CAST(1 AS INT) AS quantity, CAST(3.5 AS DECIMAL(12, 2)) AS price,
    occurred_on AS _run_date
FROM range({start}, {stop}) AS made(n) ORDER BY occurred_at
"""
_SILVER = """
SELECT event_id AS message_id, 'track' AS type, event, 'phone' AS user_agent, occurred_at,
    CAST(product_id AS BIGINT) AS product_id, quantity, price, 'r-' || customer_id AS record_key,
    CAST(NULL AS VARCHAR) AS user_id_key, _run_date
FROM ({gold})
"""
_PEOPLE = "SELECT 'C' || n AS customer_id FROM range({customers}) AS made(n)"
# Each fifth ordered lately; orders of the till come with the night.
_ORDERS = """
SELECT 'C' || n AS customer_id, DATE '{today}' - CAST(n % 60 AS INT) AS ordered_on
FROM range(0, {customers}, 5) AS made(n)
"""
_RECORDS = """
SELECT 'r-C' || n AS record_key, 'C' || n AS customer_id, true AS is_current, 'strict' AS tier
FROM range({customers}) AS made(n)
"""
_NOBODY = {
    "silver.email_events": "SELECT '' AS event_id, '' AS event, '' AS record_key, "
    "TIMESTAMPTZ '2017-01-01' AS occurred_at, 1 AS campaign_id, DATE '2017-01-01' AS _run_date WHERE false",
    "silver.shop_accounts": "SELECT '' AS user_id_key, '' AS record_key WHERE false",
}
DEFINITION = """owner: crm-team
purposes: [marketing_email]
schedule: every 30 minutes
guard: {size: [0, 100000000]}
description: Carted something in the last two days, and bought nothing within the hour.
rules:
  all:
    - {event: Product Added, not_followed_by: Order Completed, within_hours: 1, in_last_days: 2}
"""


class Shop:
    """The lake while a day goes on: `come_in` adds half an hour of events to silver."""

    def __init__(self, settings: Settings, events: int, customers: int) -> None:
        self._settings, self._customers = settings, customers
        self._a_day = max(events // DAYS, HALF_HOURS)
        for block in range(DAYS // A_FILE):
            first = TODAY - timedelta(days=DAYS - A_FILE * block)
            gold = self._made(block * A_FILE * self._a_day, A_FILE * self._a_day, first, A_FILE * 86_400)
            self._write("gold.customer_events", gold)
        facts: dict[str, Any] = {"customers": customers, "today": TODAY}
        self._write("gold.customers", _PEOPLE.format(**facts))
        self._write("gold.orders", _ORDERS.format(**facts))
        self._write("identity.customer_records", _RECORDS.format(**facts))
        for table, query in _NOBODY.items():
            self._write(table, query)
        self._write("silver.web_events", _SILVER.format(gold=self._made(0, 0, TODAY, 1)))
        ledger.create(catalog.PUBLISHED_SEGMENT_MEMBERS, settings)

    def _made(self, start: int, count: int, first: date, seconds: int) -> str:
        return _GOLD.format(
            start=start, stop=start + count, first=first, seconds=seconds, customers=self._customers
        )

    def _write(self, table: str, query: str) -> None:
        with duckdb.connect() as made:
            made.execute("SET TimeZone = 'UTC'")
            rows: pa.Table = made.execute(query).to_arrow_table()
        write_deltalake(str(self._settings.lake.joinpath(*table.split("."))), rows, mode="append")

    def come_in(self, half_hour: int) -> datetime:
        """The events of one half hour of the day; returns its end."""
        count, at = self._a_day // HALF_HOURS, datetime.fromisoformat(f"{TODAY}T00:00:00+00:00")
        start = 10**9 + half_hour * count
        gold = self._made(start, count, TODAY, 1_800).replace(
            f"'{TODAY} 00:00:00+00'", f"'{at + timedelta(minutes=30 * half_hour):%Y-%m-%d %H:%M:%S}+00'"
        )
        self._write("silver.web_events", _SILVER.format(gold=gold))
        return at + timedelta(minutes=30 * (half_hour + 1))
