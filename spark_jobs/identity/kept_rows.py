"""What a night remembers, as rows of `identity.compared`: one per named record, with its pairs.

Where a row is missing (its record was erased) nothing of the table is used: the next night compares all.
"""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl

from spark_jobs.identity.engine.arrays import Ints
from spark_jobs.identity.kept import TIERS, Kept

_PAIR = np.dtype("<u4")


def rows(kept: Kept | None) -> pl.DataFrame:
    """The columns of `catalog.IDENTITY_COMPARED`; no rows when nothing may be kept."""
    if kept is None:
        return pl.DataFrame(schema=_SCHEMA)
    count = len(kept.record_keys)
    ends = np.searchsorted(kept.left, np.arange(count + 1))  # pairs ascend by their left record
    levels = np.vstack([kept.levels, kept.in_block.astype(np.uint8)]).T
    partners = kept.right.astype(_PAIR)
    return pl.DataFrame({
        "record_key": kept.record_keys,
        "basis": pl.repeat(kept.basis, count, eager=True),
        "number": np.arange(count, dtype=np.int32),
        "situation": kept.situations.view(np.int64),
        **{tier: kept.labels[tier].astype(np.int32) for tier in TIERS},
        "own_log_odds": kept.own,
        "partners": pl.Series(_cut(partners, ends), dtype=pl.Binary),
        "levels": pl.Series(_cut(levels, ends), dtype=pl.Binary),
    })  # fmt: skip


_SCHEMA = {
    "record_key": pl.String, "basis": pl.String, "number": pl.Int32, "situation": pl.Int64,
    "strict": pl.Int32, "loose": pl.Int32, "own_log_odds": pl.Float64, "partners": pl.Binary,
    "levels": pl.Binary,
}  # fmt: skip


def _cut(values: np.ndarray, ends: Ints) -> list[bytes]:
    whole = np.ascontiguousarray(values).tobytes()
    size = values.itemsize * int(np.prod(values.shape[1:], dtype=np.int64))
    at = (ends * size).tolist()
    return [whole[start:end] for start, end in itertools.pairwise(at)]


def kept(held: pl.DataFrame) -> Kept | None:
    """What `rows` wrote; None without any row, and when rows are missing or of several nights."""
    order = held.sort("number")
    whole = order["number"].equals(pl.Series("number", np.arange(held.height), dtype=pl.Int32))
    if held.is_empty() or held["basis"].n_unique() > 1 or not whole:
        return None
    partners = np.frombuffer(b"".join(order["partners"]), _PAIR).astype(np.int64)
    levels = np.frombuffer(b"".join(order["levels"]), np.uint8).reshape(len(partners), -1).T
    counts = order["partners"].bin.size().to_numpy() // _PAIR.itemsize
    return Kept(
        str(order["basis"][0]),
        order["record_key"],
        order["situation"].to_numpy().view(np.uint64),
        {tier: order[tier].to_numpy().astype(np.int64) for tier in TIERS},
        order["own_log_odds"].to_numpy(),
        np.repeat(np.arange(held.height), counts),
        partners,
        levels[:-1],
        levels[-1].astype(bool),
    )
