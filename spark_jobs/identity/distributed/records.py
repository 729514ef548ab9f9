"""Records in canonical order: that of the content, then of the id."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.identity.distributed import worker
from spark_jobs.identity.engine.arrays import Codes, mixed
from spark_jobs.identity.engine.content import seed


def _with_content(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for rows in worker.frames(batches):
        content = worker.signed(worker.told(rows).hash_rows(seed(b"")).to_numpy())
        yield from worker.batches(rows.select("id", pl.Series("content", content)))


def numbered(rows: DataFrame) -> DataFrame:
    """The rows (`id`, and `row`: a struct of the columns as text) with number, content and copy.

    `number` is the place in canonical order, from 0; `copy` counts the records of one content.
    """
    kind = rows.schema["id"].dataType.simpleString()
    content = rows.select("id", "row").mapInArrow(_with_content, f"id {kind}, content bigint")
    # Narrow rows: one task sorts them all.
    order = Window.orderBy("content", "id")
    among = Window.partitionBy("content").orderBy("id")
    numbers = content.withColumns({
        "number": F.row_number().over(order).cast("bigint") - 1,
        "copy": F.row_number().over(among).cast("bigint") - 1,
    })  # fmt: skip
    return numbers.join(rows, on="id", how="inner")


def ties(rows: pl.DataFrame) -> Codes:
    """The number of each record that breaks ties, as `prepare` makes it."""
    content = worker.unsigned(rows["content"].to_numpy())
    return mixed(content + rows["copy"].to_numpy().astype("uint64"))
