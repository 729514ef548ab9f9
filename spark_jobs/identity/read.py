"""Read what every source says about its records, as rows on the driver.

Generic over contracts: one that names a `record` takes part. Contact details stand in columns that have the
names of `standardise.FIELDS`, whatever they are called in the file.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import polars as pl
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from alluvium.contract import Contract
from alluvium.errors import AlluviumError
from alluvium.tables import ingest
from spark_jobs.identity.standardise import FIELDS

PERSON = "person"
_TYPES = {"birth_date": "date"}
IDENTIFIERS = "array<struct<kind:string,key:string,is_owner:boolean>>"


def loaded(spark: SparkSession, contracts: Iterable[Contract]) -> list[Contract]:
    """The contracts that have a record and of which something was ever loaded."""
    tables = {row["tableName"] for row in spark.sql("SHOW TABLES IN silver").collect()}
    return [contract for contract in contracts if contract.record and contract.name in tables]


def _first_day(contract: Contract, zone: str) -> Column:
    """The business day of the earliest time that a row is sure to carry; at the latest that of arrival."""
    days = [
        F.to_date(F.from_utc_timestamp(name, zone)) if column.type == "timestamp" else F.col(name)
        for name, column in contract.columns.items()
        if column.required and not column.pii and column.type in ("timestamp", "date")
    ]
    return F.least("_run_date", *days) if days else F.col("_run_date")


def _last_time(contract: Contract) -> Column:
    name = contract.event_time or "_run_date"
    return F.coalesce(F.col(name), F.col("_run_date")).cast("timestamp")


def _identifiers(contract: Contract) -> Column:
    pairs = [
        F.struct(
            F.lit(kind).alias("kind"),
            F.col(f"{name}_key").alias("key"),
            F.lit(name == contract.record).alias("is_owner"),
        )
        for name, kind in contract.identifiers.items()
    ]
    return F.array(*pairs).cast(IDENTIFIERS)


def _per_record(contract: Contract, rows: DataFrame, zone: str) -> DataFrame:
    """One row per record and set of identifiers; of people with the newest row's place in the twin."""
    keys = [f"{name}_key" for name in contract.identifiers]
    sights = [
        F.min(_first_day(contract, zone)).alias("first_seen_on"),
        F.max(_last_time(contract)).alias("observed_at"),
    ]
    newest = F.max(F.struct(*contract.newest, "_run_date", "_row_hash")).alias("newest")
    # A struct is aggregated by sorting all rows: not for cards and devices, which have by far the most.
    figures = [*sights, newest] if _told(contract) else sights
    grouped = rows.where("record_key IS NOT NULL").groupBy("record_key", *keys).agg(*figures)
    place = ["newest._run_date", "newest._row_hash"] if _told(contract) else []
    return grouped.select(
        *("record_key", "first_seen_on", "observed_at"), _identifiers(contract).alias("identifiers"), *place
    )


def _told(contract: Contract) -> list[str]:
    """The fields that the source tells of people; cards and devices have none."""
    if contract.record_kind != PERSON:
        return []
    return [field for field in FIELDS if field in contract.columns and contract.columns[field].pii]


def _with_details(contract: Contract, records: DataFrame, twin: DataFrame | None) -> DataFrame:
    """The contact details of each newest row; null for what the source does not tell."""
    told = _told(contract)
    if told and twin is not None:
        place = ["_run_date", "_row_hash"]
        records = records.join(twin.select(*place, *told), on=place, how="left")
    details = [
        (F.col(field) if field in told else F.lit(None)).cast(_TYPES.get(field, "string")).alias(field)
        for field in FIELDS
    ]
    return records.select(
        F.lit(contract.source).alias("source"),
        F.lit(contract.record_kind).alias("record_kind"),
        *("record_key", "first_seen_on", "observed_at", "identifiers"),
        *details,
    )


def _of_contract(spark: SparkSession, contract: Contract, zone: str) -> DataFrame:
    silver, twin = ingest.silver(contract), ingest.pii_twin(contract)
    rows = spark.table(silver.full_name)
    if contract.full_snapshot:
        rows = rows.where("_closed_on IS NULL")
    records = _per_record(contract, rows, zone)
    return _with_details(contract, records, spark.table(twin.full_name) if twin else None)


def observations(spark: SparkSession, contracts: Iterable[Contract], zone: str, most: int) -> pl.DataFrame:
    """One row per contract, record and combination of identifiers. `zone` cuts the days of first sight.

    Raises AlluviumError when there are more than `most` records: this way of matching works on the driver.
    """
    parts = [_of_contract(spark, contract, zone) for contract in contracts]
    if not parts:
        raise AlluviumError(
            "No source with records was loaded yet", do="Run `alluvium job ingest.load` first"
        )
    rows = reduce(DataFrame.unionByName, parts).limit(2 * most).toArrow()
    frame = pl.DataFrame(pl.from_arrow(rows))
    if (count := frame["record_key"].n_unique()) > most:
        raise AlluviumError(
            f"{count} records or more are too many to be matched on one machine's driver",
            where=f"limits.driver_records is {most} in spark_jobs/identity/rules.yml",
            do="Raise the limit when the driver has the memory: about 2 GB per million records",
        )
    return frame
