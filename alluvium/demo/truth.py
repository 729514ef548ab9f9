"""Which delivered record is which person. For evaluation only: nothing in the pipeline may read it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

Record = tuple[str, str, str]
SCHEMA = {"source": pl.String, "source_id": pl.String, "person_id": pl.String}


def write_truth(records: Iterable[Record], folder: Path) -> Path:
    """`records.parquet`: source, source_id (as delivered), person_id; one row per source and source_id."""
    table = pl.DataFrame(sorted(set(records)), schema=SCHEMA, orient="row")
    doubtful = table.filter(pl.struct("source", "source_id").is_duplicated())
    assert doubtful.is_empty(), f"records of two people: {doubtful.head(3).rows()}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "records.parquet"
    beside = path.with_suffix(".tmp")
    table.write_parquet(beside, compression="snappy")
    beside.replace(path)
    return path
