"""How long an audience of a million people takes, beside DuckDB and Spark writing the same columns as CSV.

    python -m tests.benchmarks.export_audience --people 1000000

Prints seconds, CPU seconds and peak memory of the export, and the ratios to the plain writes, which neither
normalise nor hash nor ask for consent. The start of Spark is not counted; `--no-spark` leaves it out.
A suppression list of 10,000 addresses is held against everybody.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake

from alluvium import catalog
from alluvium.job import JobConfig
from alluvium.lake import ledger
from alluvium.meter import measuring_memory
from alluvium.settings import Settings
from spark_jobs.publish import audiences
from spark_jobs.publish.plan import FOLDER

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


def _put(settings: Settings, table: str, rows: pa.Table) -> None:
    write_deltalake(str(settings.lake.joinpath(*table.split("."))), rows, mode="overwrite")


def make_lake(settings: Settings, count: int) -> None:
    """Everybody is in one segment and has agreed."""
    for table in (
        catalog.PUBLISHED_AUDIENCE_MEMBERS, catalog.PUBLISHED_AUDIENCE_DRAFTS, catalog.OPS_SUPPRESSIONS
    ):  # fmt: skip
        ledger.create(table, settings)
    people = contacts(count)
    _put(settings, "pii.customers", people)
    since = pa.array([datetime(2017, 1, 1, tzinfo=UTC)] * count, INSTANT)
    ids, never = people["customer_id"], pa.nulls(count, INSTANT)
    _put(settings, "gold.consents", pa.table({
        "customer_id": ids, "purpose": pa.array(["marketing_ads"] * count),
        "status": pa.array(["granted"] * count), "valid_from": since, "valid_to": never,
    }))  # fmt: skip
    _put(settings, "published.segment_members", pa.table({
        "segment": pa.array(["everybody"] * count), "customer_id": ids, "entered_at": since, "left_at": never,
        "definition_version": pa.array(["v1"] * count), "run_date": pa.array([DAY] * count),
    }))  # fmt: skip
    tokens = [f"{number:032x}" for number in range(10_000)]
    _put(settings, "ops.suppressions", pa.table({
        "kind": ["email"] * len(tokens), "token": tokens, "reason": ["bounced"] * len(tokens),
        "suppressed_at": pa.array([datetime(2017, 1, 1, tzinfo=UTC)] * len(tokens), INSTANT),
    }))  # fmt: skip
    run = {"segment": "everybody", "run_date": DAY, "status": "decided", "allowed_purposes": "marketing_ads"}
    ledger.append(catalog.PUBLISHED_SEGMENT_RUNS, [run], settings)


@contextmanager
def measured(into: dict[str, float]) -> Iterator[None]:
    """Wall and CPU seconds of this process."""

    def cpu() -> float:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    began, cpu_before = time.perf_counter(), cpu()
    yield
    into["seconds"] = round(time.perf_counter() - began, 1)
    into["cpu_seconds"] = round(cpu() - cpu_before, 1)


def export(settings: Settings, plan: Path) -> dict[str, Any]:
    """Draft the files (to deliver them is a rename); returns the figures."""
    figures: dict[str, Any] = {}
    config = JobConfig(DAY, settings, {"plan": str(plan)})
    with measuring_memory(settings) as memory, measured(figures):
        audiences.run(None, config)  # type: ignore[arg-type]
    figures["peak_mib"] = round(memory.bytes / 2**20)
    return figures


def write_with_duckdb(settings: Settings) -> dict[str, Any]:
    """The same columns, not normalised and not hashed, as CSV."""
    figures: dict[str, Any] = {}
    rows = DeltaTable(str(settings.lake / "pii" / "customers")).to_pyarrow_table(columns=list(SENT))
    with measured(figures), duckdb.connect() as plain:
        plain.register("people", rows)
        plain.execute(f"COPY people TO '{settings.home / 'plain.csv'}' (HEADER, FORCE_QUOTE *)")
    return figures


def write_with_spark(settings: Settings) -> dict[str, Any]:
    """The same columns, not normalised and not hashed, as CSV."""
    from alluvium.spark.session import connect

    figures: dict[str, Any] = {}
    with connect(settings) as spark:
        rows = spark.read.format("delta").load(str(settings.lake / "pii" / "customers")).select(*SENT)
        with measured(figures):
            rows.write.mode("overwrite").option("header", True).csv(str(settings.home / "plain"))
    return {"seconds": figures["seconds"]}


def main() -> None:
    """Measure both and print one JSON document."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--people", type=int, default=1_000_000)
    asked.add_argument("--no-spark", action="store_true")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home", exports_s3_bucket=None)
        plan = Path(folder) / "plan"
        plan.mkdir()
        (plan / "deliveries.yml").write_text(PLAN)
        (plan / "platforms.yml").write_text((FOLDER / "platforms.yml").read_text())
        make_lake(settings, options.people)
        answer: dict[str, Any] = {"people": options.people, "export": export(settings, plan)}
        seconds = answer["export"]["seconds"]
        answer["plain_duckdb_write"] = write_with_duckdb(settings)
        answer["ratio_to_duckdb"] = round(seconds / answer["plain_duckdb_write"]["seconds"], 1)
        if not options.no_spark:
            os.environ["ALLUVIUM_HOME"] = str(settings.home)
            answer["plain_spark_write"] = write_with_spark(settings)
            answer["ratio_to_spark"] = round(seconds / answer["plain_spark_write"]["seconds"], 1)
    sys.stdout.write(json.dumps(answer, indent=2) + "\n")


if __name__ == "__main__":
    main()
