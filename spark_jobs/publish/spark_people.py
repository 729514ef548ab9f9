"""The people of `driver_candidates` by Spark: for lakes too large for one machine, or not on it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from alluvium import catalog
from alluvium.lake import delta, stays
from spark_jobs.publish import candidates
from spark_jobs.publish.driver_candidates import BATCH_ROWS
from spark_jobs.publish.people import CONTACT_COLUMNS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from alluvium.job import JobConfig

_DATES = ("birth_date",)
SCHEMA = pa.schema(
    [
        *[(name, pa.string()) for name in ("segment", "platform", "customer_id")],
        *[(name, pa.int64()) for name in ("entered_at", "written_left_at")],
        *[(name, pa.string()) for name in ("former_purpose", "former_version")],
        *[(name, pa.date32() if name in _DATES else pa.string()) for name in CONTACT_COLUMNS],
        *[
            (name, pa.bool_())
            for name in ("is_member", "is_consented", "email_is_refused", "phone_is_refused")
        ],
    ]
)


def frame(
    spark: SparkSession, config: JobConfig, deliveries: list[tuple[str, str, list[str], bool]]
) -> DataFrame:
    """Everybody whom a delivery of tonight concerns, in the order of the files."""
    ddl = "segment string, platform string, required array<string>"
    all_of_them = spark.createDataFrame([row[:3] for row in deliveries], ddl)
    going_on = spark.createDataFrame([row[:3] for row in deliveries if not row[3]], ddl)
    at = stays.night_at(config.run_date)
    delta.create(spark, catalog.PUBLISHED_AUDIENCE_MEMBERS)
    members = delta.read(spark, catalog.PUBLISHED_SEGMENT_MEMBERS)
    former = delta.read(spark, catalog.PUBLISHED_AUDIENCE_MEMBERS)
    people = candidates.with_former(
        candidates.wanted(members, going_on, at), former, all_of_them.select("segment", "platform"), at
    )
    has_redirects = delta.exists(spark, catalog.IDENTITY_REDIRECTS)
    redirects = delta.read(spark, catalog.IDENTITY_REDIRECTS) if has_redirects else None
    consents = delta.read(spark, catalog.GOLD_CONSENTS)
    consent = candidates.consent_as_of(consents, config.run_date, config.run_date_end)
    profiles = candidates.profiles(delta.read(spark, catalog.PII_CUSTOMERS), consent)
    return candidates.with_profile(candidates.with_successor(people, redirects), profiles)


def people(
    spark: SparkSession, config: JobConfig, deliveries: list[tuple[str, str, list[str], bool]]
) -> Iterator[pa.RecordBatch]:
    """As `driver_candidates.people`: the same columns, streamed partition by partition."""
    rows: Iterator[Any] = frame(spark, config, deliveries).toLocalIterator()
    while batch := [row.asDict() for row in islice(rows, BATCH_ROWS)]:
        yield pa.RecordBatch.from_pylist(batch, schema=SCHEMA)
