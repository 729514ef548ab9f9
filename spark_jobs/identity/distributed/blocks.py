"""Candidate pairs: the cold keys of every record, then the pairs of each block."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.identity.distributed import worker
from spark_jobs.identity.engine import lattice
from spark_jobs.identity.engine.arrays import Codes, Ints, unpacked
from spark_jobs.identity.engine.attribute import Attribute
from spark_jobs.identity.engine.bag import Bag
from spark_jobs.identity.engine.blocking import Frozen
from spark_jobs.identity.engine.day import Day
from spark_jobs.identity.engine.heat import Heat
from spark_jobs.identity.engine.lattice import Blocks
from spark_jobs.identity.engine.value import Value

KEYS = "number bigint, code bigint, depth int, near binary"
PAIRS = "left bigint, right bigint"
NEIGHBOURS = 0  # the depth of keys in whose blocks only neighbours meet
_NOT_LETTERS = "\x00"


class _Noting(Frozen):
    """Notes the keys of records: cold ones by depth, and those that stay hot."""

    def __init__(self, heat: Heat) -> None:
        super().__init__(np.empty(0, np.int64), heat)
        self.found: list[tuple[int, Ints, Codes]] = []

    def cold(self, depth: int, records: Ints, codes: Codes) -> None:
        """Note them."""
        self.found.append((depth, records, codes))

    def deepest(self, records: Ints, codes: Codes) -> None:
        """Note them."""
        self.found.append((NEIGHBOURS, records, codes))


def _text(attribute: Attribute) -> list[pl.Series]:
    """The text by which `Attribute.sorted_by` sorts: its numbers stand for texts in their order."""
    if isinstance(attribute, Bag):
        words = pl.concat([attribute.vocabulary.words, pl.Series([""])])  # -1 is the last
        rows = [words.gather(np.where(row < 0, len(words) - 1, row)) for row in attribute.words[:2]]
        return rows + [pl.Series([""] * attribute.words.shape[1], dtype=pl.String)] * (2 - len(rows))
    if isinstance(attribute, Value):
        values = pl.concat([attribute.values, pl.Series([""], dtype=pl.String)])
        return [values.gather(np.where(attribute.codes[0] < 0, len(values) - 1, attribute.codes[0]))]
    assert isinstance(attribute, Day)
    return [pl.Series(attribute.numbers).cast(pl.String).str.zfill(8)]


def _near(attributes: list[Attribute], records: Ints) -> pl.Series:
    texts = [text.gather(records).alias(str(at)) for at, text in enumerate(
        text for attribute in attributes for text in _text(attribute))]  # fmt: skip
    return pl.DataFrame(texts).select(pl.concat_str(pl.all(), separator=_NOT_LETTERS).cast(pl.Binary))[:, 0]


def _keys(batches: Iterator[pa.RecordBatch], path: str) -> Iterator[pa.RecordBatch]:
    model = worker.model(path)
    for rows in worker.frames(batches):
        attributes = model.attributes(worker.told(rows))
        walker, number = _Noting(model.memory.heat), rows["number"].to_numpy()
        lattice.walk(Blocks.of(attributes, b"", least=1), walker)
        for depth, records, codes in walker.found:
            is_hot = depth == NEIGHBOURS
            near = _near(attributes, records) if is_hot else pl.repeat(None, len(records), dtype=pl.Binary)
            yield from worker.batches(pl.select(
                number=pl.Series(number[records]), code=pl.Series(worker.signed(codes)),
                depth=pl.lit(depth, pl.Int32), near=near if is_hot else pl.lit(None, pl.Binary),
            ) if len(records) else _NO_KEYS)  # fmt: skip


_NO_KEYS = pl.DataFrame(schema={"number": pl.Int64, "code": pl.Int64, "depth": pl.Int32, "near": pl.Binary})


def _pairs(batches: Iterator[pa.RecordBatch], path: str) -> Iterator[pa.RecordBatch]:
    """The pairs of all blocks of a partition, each once."""
    heat = worker.model(path).memory.heat
    for rows in worker.frames(batches, least=2**62):
        walker = Frozen(np.empty(0, np.int64), heat)
        for (depth,), part in rows.group_by("depth"):
            number, codes = part["number"].to_numpy(), worker.unsigned(part["code"].to_numpy())
            if depth == NEIGHBOURS:
                _meet(walker, part, number, codes)
            else:
                walker.cold(int(str(depth)), number, codes)
        left, right = unpacked(walker.candidates(heat).codes)
        yield from worker.batches(pl.DataFrame({"left": left, "right": right}))


def _meet(walker: Frozen, part: pl.DataFrame, number: Ints, codes: Codes) -> None:
    """Neighbours, by what the records say, then by their number."""
    order = part.select("near", "number").with_row_index("row").sort("near", "number")["row"].to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    walker.nearness = np.zeros(int(number.max(initial=-1)) + 1, np.int64)
    walker.nearness[number] = rank
    walker.deepest(number, codes)


def pairs(records: DataFrame, model_file: str, partitions: int) -> DataFrame:
    """left, right: every candidate pair once, the smaller number left."""
    keys = records.mapInArrow(partial(_keys, path=model_file), KEYS)
    by_block = keys.repartition(partitions, F.col("code"))
    return by_block.mapInArrow(partial(_pairs, path=model_file), PAIRS).distinct()
