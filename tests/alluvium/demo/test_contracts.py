"""The contracts, evaluated in DuckDB straight from the files: a second opinion on what ingest will accept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import fastavro
import pyarrow as pa
import pytest

from alluvium.contracts import contract as contracts
from alluvium.contracts.contract import Column, Contract
from alluvium.demo.land import LandingSummary

DUCKDB_TYPES = {"map<string,boolean>": "map(varchar, boolean)", "string": "varchar", "timestamp": "timestamp"}
LINES = "array<struct<product_id:bigint,quantity:int,price:decimal(12,2)>>"


@pytest.mark.parametrize("contract", contracts.load_all(), ids=lambda contract: contract.label)
def test_a_contract_accepts_everything_but_what_was_planted_broken(
    contract: Contract, small: tuple[Path, LandingSummary]
) -> None:
    """Were one real row refused, money would be lost; were one broken row accepted, the demo would lie."""
    landing, summary = small
    batches = [b for b in summary.batches if (b.source, b.entity) == (contract.source, contract.entity)]
    assert batches, "the demo lands every source that has a contract"
    for batch in batches:
        folder = landing / batch.source / batch.entity / f"run_date={batch.run_date}"
        seen = verdicts(contract, folder, batch.run_date).aggregate(
            "count(*), count(*) filter (not is_accepted), "
            "count(*) filter (not is_accepted and provenance in ('real', 'derived'))"
        )
        assert seen.fetchone() == (batch.counts.rows, batch.counts.broken, 0), batch


REAL = (
    "pos/order_lines",
    "pos/products",
    "thirdparty/demographics",
    "marketing/campaigns",
    "marketing/coupons",
    "marketing/redemptions",
)


@pytest.mark.parametrize("label", REAL)
def test_no_real_row_contradicts_another(label: str, small: tuple[Path, LandingSummary]) -> None:
    """Of two real rows with one key, one would be gone from silver."""
    contract = contracts.load(*label.split("/"))
    folder = small[0] / label / "run_date=2017-10-31"
    real = verdicts(contract, folder, date(2017, 10, 31)).filter("is_accepted and provenance = 'real'")
    once = real.project(", ".join(contract.columns)).distinct()
    assert once.aggregate(f"count(*) - count(distinct ({', '.join(contract.key)}))").fetchone() == (0,)


def verdicts(contract: Contract, folder: Path, run_date: date) -> duckdb.DuckDBPyRelation:
    """One row per delivered row of one run date: the contract's columns, typed, and `is_accepted`."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    _register(connection, contract, folder)
    typed = ", ".join(
        f"{_cast(name, column, contract)} as {name}" for name, column in contract.columns.items()
    )
    raw = ", ".join(
        f"{_raw(name, column, contract)} as raw_{name}" for name, column in contract.columns.items()
    )
    end = _midnight_after(run_date)
    rules = " and ".join(_rules(contract)) or "true"
    return connection.sql(
        f"""
        with typed as (
            select {typed}, {raw}, is_whole,
                date '{run_date}' as run_date, timestamp '{end}' as run_date_end
            from delivered
        )
        select *, is_whole and coalesce({rules}, false) as is_accepted from typed
        """
    )


def _rules(contract: Contract) -> Iterator[str]:
    for name, column in contract.columns.items():
        if column.required:
            yield f"{name} is not null"
        yield f"({name} is not null or raw_{name} is null)"
        if column.allowed is not None:
            values = ", ".join(f"'{value}'" for value in column.allowed)
            yield f"({name} is null or {name} in ({values}))"
        if column.pattern is not None:
            yield f"({name} is null or regexp_matches({name}, '{column.pattern}'))"
    for check in contract.checks.values():
        yield f"coalesce({check}, true)"


def _register(connection: duckdb.DuckDBPyConnection, contract: Contract, folder: Path) -> None:
    files = f"{folder}/*"
    if contract.files.format == "csv":
        fields = [column.path or name for name, column in contract.columns.items()]
        columns = ", ".join(f"'{field}': 'varchar'" for field in fields)
        source = (
            f"select *, {fields[-1]} is not null as is_whole from read_csv('{files}', header = true, "
            f"columns = {{{columns}}}, null_padding = true, delim = ',', quote = '\"', auto_detect = false)"
        )
    elif contract.files.format == "json":
        source = (
            f"select column0 as line, json_valid(column0) as is_whole from read_csv('{files}', "
            "header = false, columns = {'column0': 'varchar'}, "
            "delim = '\x01', quote = '', escape = '', auto_detect = false)"
        )
    elif contract.files.format == "avro":
        connection.register("avro_rows", _avro(folder))
        source = "select *, true as is_whole from avro_rows"
    else:
        source = f"select *, true as is_whole from read_parquet('{files}', hive_partitioning = false)"
    connection.execute(f"create view delivered as {source}")


def _avro(folder: Path) -> pa.Table:
    rows = []
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            rows += list(fastavro.reader(file))
    return pa.Table.from_pylist(rows)


def _raw(name: str, column: Column, contract: Contract) -> str:
    """The value as delivered; an empty CSV field is missing."""
    path = column.path or name
    if contract.files.format == "json":
        return f"case when is_whole then json_extract_string(line, '$.{path}') end"
    return f"nullif({path}, '')" if contract.files.format == "csv" else path


def _cast(name: str, column: Column, contract: Contract) -> str:
    raw = _raw(name, column, contract)
    if column.type == LINES:
        kind = "struct(product_id bigint, quantity int, price decimal(12,2))[]"
    else:
        kind = DUCKDB_TYPES.get(column.type, column.type)
    if column.type == "timestamp" and contract.files.format == "json":
        return f"try_cast({raw} as timestamptz)::timestamp"
    if contract.files.format == "avro" and column.type == "timestamp":
        return f"{raw}::timestamp"
    if column.type.startswith(("array", "map")):
        return f"try_cast(json({raw}) as {kind})"
    return f"try_cast({raw} as {kind})"


def _midnight_after(run_date: date) -> str:
    local = datetime.combine(run_date + timedelta(days=1), time.min, tzinfo=ZoneInfo("America/New_York"))
    return local.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
