"""Read what every source says about its records, as rows on the driver.

Generic over contracts: one that names a `record` takes part. Contact details stand in columns that have the
names of `standardise.FIELDS`, whatever they are called in the file. The questions are standard SQL: DuckDB
answers them where the lake is a disk of this machine, Spark elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from alluvium.contracts.contract import Contract
from alluvium.errors import AlluviumError
from alluvium.lake import lake_sql
from alluvium.settings import Settings
from alluvium.tables import ingest
from spark_jobs.identity.standardise import FIELDS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PERSON = "person"
INSTANT = pl.Datetime("us", "UTC")
Ask = Callable[[str], pl.DataFrame]


@dataclass(frozen=True)
class Observed:
    """What the sources say.

    `sights`: one row per contract, record and combination of identifiers, with source, record_kind,
    record_key, first_seen_on, observed_at and FIELDS. `bears`: record_key, kind, key, is_owner, observed_at.
    `values`: record_key, value of contracts whose rows are worth something.
    """

    sights: pl.DataFrame
    bears: pl.DataFrame
    values: pl.DataFrame


def asker(spark: SparkSession, settings: Settings) -> Ask:
    """Answers SQL over silver and pii: DuckDB on a lake of this machine's disk, else Spark."""
    if (settings.lake / "silver").is_dir():
        return partial(_by_duckdb, lake_sql.View(settings, with_pii=True))
    return partial(_by_spark, spark)


def _by_duckdb(view: lake_sql.View, query: str) -> pl.DataFrame:
    asked = lake_sql.kept(view)
    return pl.DataFrame(pl.from_arrow(lake_sql.answer(asked, view, query).to_arrow_table()))


def _by_spark(spark: SparkSession, query: str) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(spark.sql(query).toArrow()))


def loaded(spark: SparkSession, settings: Settings, contracts: Iterable[Contract]) -> list[Contract]:
    """The contracts that have a record and of which something was ever loaded."""
    silver = settings.lake / "silver"
    if silver.is_dir():
        tables = {log.parent.name for log in silver.glob("*/_delta_log")}
    else:
        tables = {row["tableName"] for row in spark.sql("SHOW TABLES IN silver").collect()}
    return [contract for contract in contracts if contract.record and contract.name in tables]


def _told(contract: Contract) -> list[str]:
    """The fields that the source tells of people; cards and devices have none."""
    if contract.record_kind != PERSON or not contract.has_pii:
        return []
    return [field for field in FIELDS if field in contract.columns and contract.columns[field].pii]


def _days(contract: Contract) -> list[str]:
    """Columns that a row is sure to carry and that tell when it happened."""
    return [
        name
        for name, column in contract.columns.items()
        if column.required and not column.pii and column.type in ("timestamp", "date")
    ]


def _of_records(contract: Contract) -> str:
    """The rows of silver that stand for a record."""
    is_open = " AND _closed_on IS NULL" if contract.full_snapshot else ""
    return f"FROM {ingest.silver(contract).full_name} AS s WHERE s.record_key IS NOT NULL{is_open}"


def _keys(contract: Contract) -> list[str]:
    return ["record_key", *(f"{name}_key" for name in contract.identifiers)]


def sights_query(contract: Contract, value: str | None = None) -> str:
    """One row per record and combination of identifiers: when it was seen first and last.

    `value` names a column of amounts that is summed.
    """
    keys = ", ".join(f"s.{key}" for key in _keys(contract))
    firsts = "".join(f", min(s.{name}) AS first_{name}" for name in _days(contract))
    last = contract.event_time or "_run_date"
    worth = f"CAST(sum(s.{value}) AS DOUBLE)" if value else "CAST(NULL AS DOUBLE)"
    undated = f"max(CASE WHEN s.{last} IS NULL THEN s._run_date END)"
    return (
        f"SELECT {keys}, min(s._run_date) AS first_run_date{firsts}, max(s.{last}) AS last_dated, "
        f"{undated} AS last_undated, {worth} AS value {_of_records(contract)} GROUP BY {keys}"
    )


def details_query(contract: Contract) -> str:
    """The contact details of the newest row of each record and combination of identifiers."""
    keys = ", ".join(f"s.{key}" for key in _keys(contract))
    newest = ", ".join(f"s.{name} DESC NULLS LAST" for name in (*contract.newest, "_run_date", "_row_hash"))
    place = f"row_number() OVER (PARTITION BY {keys} ORDER BY {newest}) AS place"
    twin = ingest.pii_twin(contract)
    assert twin is not None
    fields = ", ".join(f"t.{field}" for field in _told(contract))
    return (
        f"SELECT {keys}, {fields} "
        f"FROM (SELECT {keys}, s._run_date, s._row_hash, {place} {_of_records(contract)}) AS s "
        f"LEFT JOIN {twin.full_name} AS t ON s._run_date = t._run_date AND s._row_hash = t._row_hash "
        "WHERE s.place = 1"
    )


def _day(column: str, kind: pl.DataType, zone: str) -> pl.Expr:
    """The business day of a date or an instant."""
    at = pl.col(column)
    return at if kind == pl.Date else at.cast(INSTANT).dt.convert_time_zone(zone).dt.date()


def _seen(rows: pl.DataFrame, zone: str) -> list[pl.Expr]:
    """The earliest day that a row is sure to carry, at the latest that of arrival; the last time."""
    firsts = [name for name in rows.columns if name.startswith("first_")]
    days = [_day(name, rows.schema[name], zone) for name in firsts]
    lasts = [pl.col(name).cast(INSTANT) for name in ("last_dated", "last_undated")]
    return [pl.min_horizontal(days).alias("first_seen_on"), pl.max_horizontal(lasts).alias("observed_at")]


def _value(contract: Contract, values: Mapping[str, str]) -> str | None:
    """The column of amounts. Raises AlluviumError when the contract has no such column."""
    column = values.get(contract.name)
    if column is not None and (column not in contract.columns or contract.columns[column].pii):
        raise AlluviumError(
            f"{contract.name} has no column {column!r} that can be summed",
            where="review.value of the identity rules",
        )
    return column


def _of_contract(ask: Ask, contract: Contract, zone: str, values: Mapping[str, str]) -> Observed:
    rows = ask(sights_query(contract, _value(contract, values)))
    seen = rows.select(*_keys(contract), *_seen(rows, zone))
    told = _told(contract)
    if told:
        seen = seen.join(ask(details_query(contract)), on=_keys(contract), how="left", nulls_equal=True)
    details = [
        (pl.col(field) if field in told else pl.lit(None))
        .cast(pl.Date if field == "birth_date" else pl.String)
        .alias(field)
        for field in FIELDS
    ]
    sights = seen.select(
        pl.lit(contract.source).alias("source"),
        pl.lit(contract.record_kind).alias("record_kind"),
        *("record_key", "first_seen_on", "observed_at"),
        *details,
    )
    worth = rows.select("record_key", "value").drop_nulls()
    return Observed(sights, _borne(contract, seen), worth)


def _borne(contract: Contract, seen: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(
        seen.select(
            "record_key",
            pl.lit(kind).alias("kind"),
            pl.col(f"{name}_key").alias("key"),
            pl.lit(name == contract.record).alias("is_owner"),
            "observed_at",
        ).drop_nulls("key")
        for name, kind in contract.identifiers.items()
    )


def observations(
    ask: Ask, contracts: Iterable[Contract], zone: str, most: int, values: Mapping[str, str] | None = None
) -> Observed:
    """What all contracts say. `zone` cuts the days of first sight; `values`: column to sum by contract.

    Raises AlluviumError when there are more than `most` records: this way of matching works on the driver.
    """
    parts = [_of_contract(ask, contract, zone, values or {}) for contract in contracts]
    if not parts:
        raise AlluviumError(
            "No source with records was loaded yet", do="Run `alluvium job ingest.load` first"
        )
    found = Observed(*(pl.concat([getattr(p, f) for p in parts]) for f in ("sights", "bears", "values")))
    if (count := found.sights["record_key"].n_unique()) > most:
        raise AlluviumError(
            f"{count} records are too many to be matched on one machine's driver",
            where=f"limits.driver_records is {most} in spark_jobs/identity/rules.yml",
            do="Raise the limit when the driver has the memory: about 2 GB per million records",
        )
    return found
