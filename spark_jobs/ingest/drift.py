"""Columns that a file has and its contract does not know."""

from __future__ import annotations

from pathlib import Path

import fastavro
import pyarrow.parquet as pq

from alluvium.contract import Contract
from alluvium.errors import AlluviumError
from spark_jobs.ingest.csv_rows import header_names
from spark_jobs.ingest.landing import Delivery
from spark_jobs.ingest.rows import text_rows


def _csv_names(path: Path, contract: Contract) -> list[str]:
    first = next((rows.texts[0] for rows in text_rows(path) if rows.texts), "")
    return header_names(first, contract.files.delimiter) if contract.files.header else []


def _avro_names(path: Path) -> list[str]:
    with path.open("rb") as stream:
        schema = fastavro.reader(stream).writer_schema
    return [field["name"] for field in schema["fields"]] if isinstance(schema, dict) else []


def names_in(path: Path, contract: Contract) -> list[str]:
    """The column names of one file; none for JSON, where each row has its own, and for an unreadable file."""
    try:
        if contract.files.format == "csv":
            return _csv_names(path, contract)
        if contract.files.format == "avro":
            return _avro_names(path)
        return list(pq.read_schema(path).names) if contract.files.format == "parquet" else []
    except Exception:  # noqa: BLE001 - a damaged file is quarantined where it is read; it has no names here
        return []


def new_columns(delivery: Delivery) -> list[str]:
    """Names in the delivery's files that the contract does not know, sorted.

    Raises AlluviumError when the contract says `on_new_column: fail`.
    """
    contract = delivery.contract
    known = {(column.path or name).split(".")[0].casefold() for name, column in contract.columns.items()}
    new: dict[str, Path] = {}
    for path in delivery.files:
        new |= {
            name: path
            for name in names_in(path, contract)
            if name.casefold() not in known and name not in new
        }
    if new and contract.on_new_column == "fail":
        name, path = next(iter(new.items()))
        raise AlluviumError(
            f"{contract.label} has a new column {name!r}",
            where=str(path),
            do="Add it to the contract, or say `on_new_column: keep`",
        )
    return sorted(new)
