"""What functions on the workers share: the model of a file, and Arrow batches put together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from spark_jobs.identity.engine.arrays import Codes, Ints
from spark_jobs.identity.engine.frozen import Frozen

ROWS_AT_ONCE = 100_000
_TOP = np.uint64(1 << 63)


@lru_cache(maxsize=1)
def model(path: str) -> Frozen:
    """The frozen model, read once a process."""
    return Frozen.from_json(Path(path).read_text(encoding="utf-8"))


def frames(batches: Iterator[pa.RecordBatch], least: int = ROWS_AT_ONCE) -> Iterator[pl.DataFrame]:
    """Batches put together until there are at least so many rows."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(each.num_rows for each in held) >= least:
            yield _frame(held)
            held = []
    if held:
        yield _frame(held)


def told(rows: pl.DataFrame) -> pl.DataFrame:
    """What the records say: the columns of the mapping."""
    return rows["row"].struct.unnest()


def _frame(batches: list[pa.RecordBatch]) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(pa.Table.from_batches(batches)))


def batches(frame: pl.DataFrame) -> Iterator[pa.RecordBatch]:
    """A frame as Arrow batches, with the text type that Spark reads."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    plain = [pa.field(field.name, _plain(field.type), field.nullable) for field in table.schema]
    yield from table.cast(pa.schema(plain)).to_batches(ROWS_AT_ONCE)


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_large_string(kind):
        return pa.string()
    return pa.binary() if pa.types.is_large_binary(kind) else kind


def signed(codes: Codes) -> Ints:
    """64-bit codes as Spark's `bigint`, in the same order."""
    return (codes ^ _TOP).view(np.int64)


def unsigned(numbers: Ints) -> Codes:
    """What `signed` made numbers of."""
    return np.ascontiguousarray(numbers).view(np.uint64) ^ _TOP
