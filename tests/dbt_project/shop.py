"""A shop of three people and a week: the silver, identity and pii tables that the warehouse starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pyspark.sql import SparkSession

from alluvium import catalog
from alluvium.contracts import contract
from alluvium.lake import delta
from alluvium.table import Table
from alluvium.tables import ingest

HISTORY, NIGHT = date(2017, 10, 31), date(2017, 11, 1)
Row = Mapping[str, Any]

SILVER = {table.name: table for table in map(ingest.silver, contract.load_all())}
TABLES = (
    *SILVER.values(),
    catalog.IDENTITY_CUSTOMER_RECORDS,
    catalog.IDENTITY_HOUSEHOLDS,
    catalog.PII_IDENTITY_RECORDS,
)


def at(day: int, hour: int, minute: int = 0, month: int = 10) -> datetime:
    """A moment of 2017 in UTC."""
    return datetime(2017, month, day, hour, minute, tzinfo=UTC)


def put(spark: SparkSession, table: Table, rows: Sequence[Row]) -> None:
    """The table holds exactly these rows; what they do not name is null."""
    assert table.columns is not None
    types = ", ".join(f"`{name}` {kind}" for name, (kind, _) in table.columns.items())
    values = [tuple(row.get(name) for name in table.columns) for row in rows]
    delta.overwrite(spark.createDataFrame(values, types), table)


def line(
    basket: int, product: int, card: str | None, sold_at: datetime, amount: str, run: date = HISTORY
) -> Row:
    """One line of a till receipt."""
    nothing = Decimal("0.00")
    return {
        "basket_id": basket, "product_id": product, "record_key": card, "store_id": 1, "sold_at": sold_at,
        "quantity": 2, "amount": Decimal(amount), "retail_discount": nothing, "coupon_discount": nothing,
        "coupon_match_discount": nothing, "_run_date": run,
    }  # fmt: skip


def event(message: str, device: str, occurred_at: datetime, run: date = HISTORY, **more: Any) -> Row:
    """One call of the web shop."""
    return {
        "message_id": message, "type": "track", "event": "Product Viewed", "record_key": device,
        "occurred_at": occurred_at, "_run_date": run, **more,
    }  # fmt: skip


def record(key: str, source: str, kind: str, customer: str) -> Row:
    """One record and the customer it belongs to."""
    return {
        "record_key": key, "source": source, "record_kind": kind, "customer_id": customer,
        "valid_from": HISTORY, "is_current": True, "tier": "strict",
    }  # fmt: skip


PRODUCTS = [
    {"product_id": 1, "department": "GROCERY", "product_category": "FRZN ICE",
     "product_type": "ICE - CRUSHED/CUBED", "package_size": "22 LB", "_run_date": HISTORY},
    {"product_id": 2, "department": "FUEL", "product_category": "FUEL",
     "product_type": "GASOLINE-REG UNLEADED", "_run_date": HISTORY},
]  # fmt: skip
# The evening basket 11 is of October 30 in New York, of October 31 in UTC.
LINES = [
    line(10, 1, "card-a", at(20, 15), "10.00"),
    line(10, 2, "card-a", at(20, 15), "30.00"),
    line(11, 1, "card-a", at(31, 2), "5.00"),
    line(12, 1, "card-b", at(25, 15), "7.00"),
    line(13, 1, None, at(25, 16), "3.33"),
]
LINES_OF_THE_NIGHT = [line(14, 1, "card-b", at(1, 15, month=11), "8.00", NIGHT)]
# Basket 11 was ordered on the web; order 99 has no basket.
EVENTS = [
    event("m1", "device-a", at(31, 1), product_id=1),
    event("m2", "device-a", at(31, 1, 5), event="Order Completed", order_id="11"),
    event("m3", "device-a", at(31, 1, 6), event="Order Completed", order_id="99",
          products=[(1, 2, Decimal("2.50"))]),
    event("m4", "device-x", at(31, 1)),
]  # fmt: skip
# The call between m1 and m2 arrives a night late, and the till's basket of order 99 with it.
EVENTS_OF_THE_NIGHT = [event("m0", "device-a", at(31, 0, 50), NIGHT)]
RECORDS = [
    record("card-a", "pos", "card", "A"),
    record("crm-a", "crm", "account", "A"),
    record("device-a", "web", "device", "A"),
    record("card-b", "pos", "card", "B"),
    record("crm-c", "crm", "account", "C"),
    record("device-x", "web", "device", "X"),
]
HOUSEHOLDS = [
    {"customer_id": "A", "household_id": "H1", "count_customers": 2},
    {"customer_id": "C", "household_id": "H1", "count_customers": 2},
]
CONTACTS = [
    {"record_key": "crm-a", "source": "crm", "first_name": "Ann", "last_name": "Ash",
     "email": "ann@example.com", "state": "NY", "postal_code": "10001", "street": "1 Elm St",
     "observed_at": at(1, 1), "first_seen_on": date(2017, 9, 1)},
    {"record_key": "crm-c", "source": "crm", "first_name": "Cy", "observed_at": at(2, 1),
     "first_seen_on": date(2017, 10, 2)},
]  # fmt: skip
CHOICES = [
    {"preference_id": "p1", "record_key": "crm-a", "purpose": "marketing_email", "status": "granted",
     "changed_at": at(3, 1), "_run_date": HISTORY},
]  # fmt: skip


def open_shop(spark: SparkSession) -> None:
    """History to October 31."""
    for table in TABLES:
        delta.create(spark, table)
    put(spark, SILVER["pos_products"], PRODUCTS)
    put(spark, SILVER["pos_order_lines"], LINES)
    put(spark, SILVER["web_events"], EVENTS)
    put(spark, SILVER["consent_preferences"], CHOICES)
    put(spark, catalog.IDENTITY_CUSTOMER_RECORDS, RECORDS)
    put(spark, catalog.IDENTITY_HOUSEHOLDS, HOUSEHOLDS)
    put(spark, catalog.PII_IDENTITY_RECORDS, CONTACTS)


def close_shop(spark: SparkSession) -> None:
    """Leave nothing for the tests of other rooms."""
    for table in TABLES:
        spark.sql(f"DROP TABLE IF EXISTS {table.full_name}")
