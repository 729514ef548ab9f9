"""Small lakes on this machine, written without Spark."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from alluvium import catalog
from alluvium.lake import ledger
from alluvium.settings import Settings

MEMBERS = catalog.PUBLISHED_SEGMENT_MEMBERS


def put(settings: Settings, table: str, rows: pa.Table) -> None:
    """Replace a table."""
    path = settings.lake.joinpath(*table.split("."))
    write_deltalake(str(path), rows, mode="overwrite", schema_mode="overwrite")


def _members(settings: Settings) -> DeltaTable:
    return DeltaTable(str(settings.lake / MEMBERS.schema / MEMBERS.name))


def members(settings: Settings) -> pa.Table:
    """Every stay in every segment."""
    return pa.table(_members(settings).to_pyarrow_table())


def members_version(settings: Settings) -> int:
    """The number of commits to the membership."""
    return _members(settings).version()


def shop(settings: Settings) -> None:
    """Three customers: C1 buys and looks, C2 carted and left, C3 did nothing. The night is 2017-11-02."""
    day = date(2017, 11, 2)
    put(settings, "gold.customers", pa.table({
        "customer_id": ["C1", "C2", "C3"], "region": ["OH", "TN", None],
        "last_ordered_on": pa.array([day, date(2017, 9, 1), None], pa.date32()),
        "is_email_allowed": [True, True, False],
    }))  # fmt: skip
    put(settings, "gold.customer_rfm", pa.table({
        "customer_id": ["C1", "C2", "C3"], "frequency_score": pa.array([5, 2, 1], pa.int32()),
        "frequency": pa.array([9, 2, 0], pa.int32()), "recency_days": pa.array([0, 62, None], pa.int32()),
        "monetary": pa.array([100, 20, 0], pa.decimal128(12, 2)),
        "rfm_group": ["champions", "at_risk", "none"],
    }))  # fmt: skip
    put(settings, "ml.churn_scores", pa.table({
        "customer_id": ["C1", "C2", "C1"], "horizon_days": pa.array([30, 30, 30], pa.int32()),
        "churn_probability": [0.1, 0.8, 0.9],
        "as_of_date": pa.array([date(2017, 11, 3), date(2017, 11, 3), date(2017, 11, 2)]),
    }))  # fmt: skip
    put(settings, "gold.customer_events", pa.table({
        "customer_id": ["C1", "C1", "C1", "C2", "C2", "C1"],
        "event": ["Product Viewed"] * 2 + ["Product Added"] * 2 + ["Product Viewed", "Order Completed"],
        "occurred_at": pa.array(
            [datetime(2017, 11, 2, hour, tzinfo=UTC) for hour in (10, 11, 12)]
            + [datetime(2017, 11, 1, 10, tzinfo=UTC), datetime(2017, 10, 1, 10, tzinfo=UTC)]
            + [datetime(2017, 11, 2, 12, 30, tzinfo=UTC)],
            pa.timestamp("us", tz="UTC"),
        ),
        "occurred_on": pa.array([day, day, day, date(2017, 11, 1), date(2017, 10, 1), day], pa.date32()),
        "product_id": ["p1", "p2", "p1", "p1", "p1", None],
    }))  # fmt: skip
    put(settings, "gold.products", pa.table({
        "product_id": ["p1", "p2"], "product_category": ["SOFT DRINKS", "it's"], "department": ["D", "D"],
        "brand": ["B", "B"],
    }))  # fmt: skip
    put(settings, "gold.order_lines", pa.table({
        "customer_id": ["C1", "C1"], "product_id": ["p1", "p2"],
        "ordered_on": pa.array([day, day], pa.date32()),
    }))  # fmt: skip
    put(settings, "gold.campaign_touches", pa.table({
        "customer_id": ["C2"], "campaign_id": pa.array([13], pa.int32()),
        "starts_on": pa.array([date(2017, 10, 1)], pa.date32()),
    }))  # fmt: skip
    put(settings, "gold.consents", pa.table({
        "customer_id": ["C1", "C2"], "purpose": ["marketing_email"] * 2, "status": ["granted", "revoked"],
        "valid_from": pa.array([datetime(2017, 1, 1, tzinfo=UTC)] * 2, pa.timestamp("us", tz="UTC")),
        "valid_to": pa.array([None, None], pa.timestamp("us", tz="UTC")),
    }))  # fmt: skip
    ledger.create(MEMBERS, settings)
