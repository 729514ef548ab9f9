"""A made-up lake with an audience of any size, its export, and the same columns written plainly."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake

from alluvium import catalog
from alluvium.commands.bench.results import Cost, costing
from alluvium.job import JobConfig
from alluvium.lake import ledger
from alluvium.meter import measuring_memory
from alluvium.settings import Settings

DAY = date(2017, 11, 15)
SENT = ("email", "phone", "first_name", "last_name")
PLAN = """
unsubscribe_url: https://shop.example/{token}
minimum_size: 20
deliveries:
  - {segment: everybody, platform: meta}
"""
INSTANT = pa.timestamp("us", tz="UTC")


def _texts(prefix: str, numbers: pa.Array, suffix: str = "") -> pa.Array:
    return pc.binary_join_element_wise(prefix, numbers.cast(pa.string()), suffix, "")


def contacts(count: int) -> pa.Table:
    """People with an address, a valid number of San Francisco and two names each."""
    numbers = pa.array(range(count))
    nobody = pa.nulls(count, pa.string())
    return pa.table({
        "customer_id": _texts("C", pc.add(numbers, 10_000_000)),
        "email": _texts("some.body", numbers, "@example.org"),
        "phone": _texts("+1415", pc.add(numbers, 2_000_000)),
        "first_name": _texts("José-", pc.bit_wise_and(numbers, 1023)),
        "last_name": _texts("O'Brien", pc.bit_wise_and(numbers, 65_535)),
        "city": nobody, "state": nobody, "postal_code": nobody, "country": pa.array(["US"] * count),
        "birth_date": pa.nulls(count, pa.date32()),
    })  # fmt: skip


def put(settings: Settings, table: str, rows: pa.Table) -> None:
    """Replace a table."""
    write_deltalake(str(settings.lake.joinpath(*table.split("."))), rows, mode="overwrite")


def make_people(settings: Settings, count: int, suppressed: int) -> None:
    """Everybody is in one segment and has agreed; the suppression list has tokens of nobody among them."""
    for table in (
        catalog.PUBLISHED_AUDIENCE_MEMBERS, catalog.PUBLISHED_AUDIENCE_DRAFTS, catalog.OPS_SUPPRESSIONS
    ):  # fmt: skip
        ledger.create(table, settings)
    people = contacts(count)
    put(settings, "pii.customers", people)
    since = pa.array([datetime(2017, 1, 1, tzinfo=UTC)] * count, INSTANT)
    ids, never = people["customer_id"], pa.nulls(count, INSTANT)
    put(settings, "gold.consents", pa.table({
        "customer_id": ids, "purpose": pa.array(["marketing_ads"] * count),
        "status": pa.array(["granted"] * count), "valid_from": since, "valid_to": never,
    }))  # fmt: skip
    put(settings, "published.segment_members", pa.table({
        "segment": pa.array(["everybody"] * count), "customer_id": ids, "entered_at": since, "left_at": never,
        "definition_version": pa.array(["v1"] * count), "run_date": pa.array([DAY] * count),
    }))  # fmt: skip
    kinds = ["email", "phone"] * (suppressed // 2)
    put(settings, "ops.suppressions", pa.table({
        "kind": pa.array(kinds, pa.string()), "token": pa.array([f"{n:032x}" for n in range(len(kinds))]),
        "reason": pa.array(["bounced"] * len(kinds), pa.string()),
        "suppressed_at": pa.array([datetime(2017, 1, 1, tzinfo=UTC)] * len(kinds), INSTANT),
    }))  # fmt: skip
    run = {"segment": "everybody", "run_date": DAY, "status": "decided", "allowed_purposes": "marketing_ads"}
    ledger.replace(catalog.PUBLISHED_SEGMENT_RUNS, [run], f"run_date = '{DAY}'", settings)


def make_plan(folder: Path) -> Path:
    """A plan of one delivery, four hashed fields a person; returns its folder."""
    from spark_jobs.publish.plan import FOLDER

    folder.mkdir(parents=True)
    (folder / "deliveries.yml").write_text(PLAN, encoding="utf-8")
    (folder / "platforms.yml").write_bytes((FOLDER / "platforms.yml").read_bytes())
    return folder


def seal(settings: Settings) -> dict[str, Any]:
    """Seal everybody's details, as the first night does; later ones seal what changed."""
    from alluvium.privacy import contact_vault

    with measuring_memory(settings) as memory, costing() as cost:
        count = contact_vault.refresh(settings)
    return {**cost.as_dict(), "peak_mib": round(memory.bytes / 2**20), "sealed": count}


def export(settings: Settings, plan: Path) -> dict[str, Any]:
    """Draft the files (to deliver them is a rename); memory is of all processes together."""
    from spark_jobs.publish import audiences

    config = JobConfig(DAY, settings, {"plan": str(plan)})
    with measuring_memory(settings) as memory, costing() as cost:
        told = audiences.run(None, config)  # type: ignore[arg-type]
    return {**cost.as_dict(), "peak_mib": round(memory.bytes / 2**20), "exported": told["exported"]}


def write_with_duckdb(settings: Settings) -> Cost:
    """The columns that are sent, not normalised and not hashed, as CSV."""
    path = settings.lake / "pii" / "customers"
    rows = DeltaTable(str(path)).to_pyarrow_table(columns=list(SENT))
    with costing() as cost, duckdb.connect() as plain:
        plain.register("people", rows)
        plain.execute(f"COPY people TO '{settings.home / 'plain.csv'}' (HEADER, FORCE_QUOTE *)")
    return cost


def write_with_spark(settings: Settings) -> Cost:
    """As `write_with_duckdb`; the start of Spark is not counted, and neither is its first write."""
    from alluvium.spark.session import connect

    with connect(settings) as spark:
        rows = spark.read.format("delta").load(str(settings.lake / "pii" / "customers")).select(*SENT)
        target = str(settings.home / "plain")
        rows.limit(1000).write.mode("overwrite").option("header", True).csv(target)
        with costing() as cost:
            rows.write.mode("overwrite").option("header", True).csv(target)
    return cost
