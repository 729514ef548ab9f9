"""Candidate pairs: records that share a key worth a comparison, in blocks of which none can explode.

A block up to the cap is compared whole. A larger one is split by a second and a third field; what is still
too large is sorted and each record meets only its neighbours, so that the pairs grow with the records and not
with their square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from spark_jobs.identity import pairs
from spark_jobs.identity.pairs import Pairs
from spark_jobs.identity.rules import Blocking

KEYS: dict[str, tuple[str, ...]] = {
    "mailbox": ("mailbox",),
    "email_local": ("email_local",),
    "phone": ("phone",),
    "name_bag": ("name_bag",),
    "skeleton_bag": ("skeleton_bag",),
    "birth": ("birth_date",),
    "street": ("street_core",),
    "house": ("house", "post"),
    "surname_place": ("last_skeleton", "post"),
    "surname_town": ("last_skeleton", "town", "initial"),
    "surname_birth": ("last_skeleton", "birth_date"),
    "surname_house": ("last_skeleton", "house"),
    "first_birth": ("first_skeleton", "birth_date"),
    "first_place": ("first_skeleton", "post"),
}
SPLITS = ("first_skeleton", "post", "birth_date")
NEIGHBOURS = ("last", "first", "birth_date", "street_core")


@dataclass(frozen=True)
class Candidates:
    """Pairs to compare, and how large the blocks were."""

    left: pairs.Ints
    right: pairs.Ints
    largest_block: int
    count_windowed: int


def keyed(records: pl.DataFrame) -> pl.DataFrame:
    """The named records with the columns that keys are made of."""
    words = pl.concat_list(pl.col("first").str.split(" "), pl.col("last").str.split(" "))
    sounds = pl.concat_list("first_skeleton", "last_skeleton")
    return records.with_columns(
        words.list.sort().list.join(" ").alias("name_bag"),
        sounds.list.sort().list.join(" ").alias("skeleton_bag"),
        pl.col("first").str.slice(0, 1).alias("initial"),
    ).filter("is_named")


def _blocks(records: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """One row per record that has all columns: its number and its block."""
    said = records.drop_nulls(list(columns))
    key = pl.concat_str([pl.col(column).cast(pl.String) for column in columns], separator="|")
    return said.select("number", key.alias("block"), *SPLITS, *(c for c in NEIGHBOURS if c not in SPLITS))


def _by_size(blocks: pl.DataFrame, cap: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    sized = blocks.with_columns(pl.len().over("block").alias("size"))
    return sized.filter((pl.col("size") > 1) & (pl.col("size") <= cap)), sized.filter(pl.col("size") > cap)


def _pairs(blocks: pl.DataFrame, reach: int) -> Pairs:
    ranked = blocks.with_columns(pl.col("block").rank("dense").cast(pl.Int64).alias("group"))
    by_block = ranked.sort("group", *NEIGHBOURS, "number", nulls_last=True)
    return pairs.within(by_block["group"].to_numpy(), by_block["number"].to_numpy(), reach)


def _split(hot: pl.DataFrame, column: str) -> pl.DataFrame:
    return hot.with_columns(
        pl.concat_str("block", pl.col(column).cast(pl.String).fill_null(""), separator="|")
    )


def _of_key(
    records: pl.DataFrame, columns: tuple[str, ...], limits: Blocking
) -> tuple[list[Pairs], int, int]:
    """Pairs of one key, its largest block and how many records were only met by neighbours."""
    blocks = _blocks(records, columns)
    cool, hot = _by_size(blocks, limits.block_cap)
    largest = max(cool["size"].max() or 0, hot["size"].max() or 0)  # type: ignore[type-var]
    found = [_pairs(cool, limits.block_cap)]
    for column in SPLITS:
        if column not in columns and not hot.is_empty():
            cool, hot = _by_size(_split(hot, column), limits.block_cap)
            found.append(_pairs(cool, limits.block_cap))
    found.append(_pairs(hot, limits.window))
    return found, int(largest), hot.height  # type: ignore[arg-type]


def find(records: pl.DataFrame, limits: Blocking) -> Candidates:
    """Every pair of named records that shares a key, once. `records`: the comparable frame with `number`."""
    named = keyed(records)
    per_key = [_of_key(named, columns, limits) for columns in KEYS.values()]
    lefts = np.concatenate([left for found, _, _ in per_key for left, _ in found])
    rights = np.concatenate([right for found, _, _ in per_key for _, right in found])
    left, right = pairs.unique(lefts, rights, max(records.height, 1))
    return Candidates(left, right, max(size for _, size, _ in per_key), sum(count for _, _, count in per_key))
