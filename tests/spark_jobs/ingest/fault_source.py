"""A source for tests that stop loads: what is delivered, what the lake must then hold, and who is killed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from random import Random
from typing import Any

from alluvium.tables.ingest import PII_QUARANTINE, PII_RECORD_KEYS
from tests.spark_jobs.ingest.conftest import Source

PARCELS = """
description: Parcels, one row per parcel.
files: {format: csv}
record: card
max_bad_share: 0.9
columns:
  parcel:  {type: int, required: true}
  card:    {type: string, identifier: loyalty_card}
  weight:  {type: "decimal(8,2)", required: true}
  seen_on: {type: date}
key: [parcel]
newest: [seen_on]
checks:
  no_weight: weight > 0
"""
HEADER = "parcel,card,weight,seen_on\n"

# Where a load is killed: the function, whether before, after or during it, and of which schema.
POINTS = (
    "spark_jobs.ingest.landing:find:after:",
    "spark_jobs.ingest.drift:look:after:",
    "spark_jobs.ingest.few.counting:count:before:",
    "spark_jobs.ingest.few.counting:count:after:",
    "spark_jobs.ingest.few.quarantine:replace:after:",
    "alluvium.lake.delta:replace_rows:before:pii",
    "alluvium.lake.delta:replace_rows:after:pii",
    "alluvium.lake.delta:replace_rows:during:bronze",
    "alluvium.lake.delta:replace_rows:after:bronze",
    "spark_jobs.ingest.silver:repair:after:",
    "alluvium.lake.driver_delta:merge:during:",
    "spark_jobs.ingest.few.merging:merge:after:silver",
    "spark_jobs.ingest.few.silver:update:after:",
    "spark_jobs.ingest.record_keys:add:after:",
    "spark_jobs.ingest.batch_ledger:write:before:",
    "spark_jobs.ingest.batch_ledger:write:after:",
)
# The same of a batch of many rows, which Spark writes.
POINTS_OF_MANY = (
    "spark_jobs.ingest.counting:count:during:",
    "spark_jobs.ingest.counting:count:after:",
    "spark_jobs.ingest.quarantine:replace:after:",
    "alluvium.lake.delta:replace_where:after:pii",
    "alluvium.lake.delta:replace_where:during:bronze",
    "alluvium.lake.delta:replace_where:after:bronze",
    "alluvium.lake.delta:merge:during:silver",
    "alluvium.lake.delta:merge:after:silver",
    "spark_jobs.ingest.silver:update:after:",
)


def _row(rng: Random, parcels: int) -> str:
    weight, day = rng.randrange(-1, 9), rng.randrange(1, 29)
    return f"{rng.randrange(parcels)},c{rng.randrange(9)},{weight}.50,2017-10-{day:02d}"


def delivery(rng: Random, parcels: int = 40) -> str:
    """A file of parcels that other files have too: good rows, bad ones, copies and conflicts."""
    rows = [_row(rng, parcels) for _ in range(rng.randrange(3, 15))]
    rows += rng.sample(rows, 1) + ["x,,1.00,"] * rng.randrange(2)
    return HEADER + "\n".join(rows) + "\n"


def held(source: Source) -> dict[str, list[str]]:
    """What the source has in the lake, without what carries the source's own name."""
    tables = [source.bronze, source.silver, source.twin, PII_QUARANTINE]
    own = {"source", "entity", "record_key"}
    found = {}
    for table in tables:
        names = [name for name in table.columns or () if name not in own]
        found[table.full_name.replace(source.name, "")] = [str(row) for row in source.rows(table, *names)]
    found["record_keys"] = [str(row) for row in source.rows(PII_RECORD_KEYS, "source_id")]
    return found


def ledger(source: Source, day: int) -> tuple[Any, ...]:
    """What the ledger says of a day, and that nothing is lost in it."""
    row = source.batch(day)
    read, accepted, quarantined, duplicate = source.counts(day)
    assert read == accepted + quarantined + duplicate
    return read, accepted, quarantined, duplicate, row["status"], row["rows_conflicting"]


def child(
    source: Source,
    day: int,
    point: str = "",
    seconds: float | None = None,
    many: bool = False,
    server: bool = False,
) -> subprocess.Popen[bytes]:
    """Load a day in a process of its own, which kills itself at a point or after some seconds.

    `many`: the way of a batch of many rows, whatever there is. `server`: not itself but its Spark server.
    """
    order = {
        "sources": str(source.settings.sources),
        "source": source.name,
        "day": day,
        "point": point,
        "seconds": seconds,
        "many": many,
        "server": server,
    }
    command = [sys.executable, "-m", "tests.spark_jobs.ingest.killed", json.dumps(order)]
    return subprocess.Popen(command, env=source.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def newest_of_each(source: Source) -> Iterator[tuple[Any, ...]]:
    """Silver as it must be, worked out from bronze row by row."""
    best: dict[int, tuple[Any, ...]] = {}
    for parcel, seen_on, day, row_hash in source.rows(
        source.bronze, "parcel", "seen_on", "_run_date", "_row_hash"
    ):
        rank = (seen_on is not None, seen_on, day, row_hash)
        if parcel not in best or rank > best[parcel]:
            best[parcel] = rank
    for parcel in sorted(best):
        yield (parcel, *best[parcel][1:])
