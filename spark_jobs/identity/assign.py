"""Stable customer ids: today's clusters get yesterday's ids.

Each id goes to the cluster that holds most of its records: a split keeps the id with the larger part, and of
equal parts with the one that has the record it was born with (its anchor), so that what is undone comes back
under the ids it had. Where several ids come to one cluster the oldest stays: a merge keeps the older id. A
cluster that no id comes to gets an ended id back when more than half of that id's last records are in it;
else a new one is made from its smallest record key. Every tie is broken by content, so the order of rows
never matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import polars as pl

KEPT, RESTORED, NEW = "kept", "restored", "new"
MEMBERS = {"record_key": pl.String, "customer_id": pl.String}
AGES = {"customer_id": pl.String, "born_on": pl.Date, "anchor": pl.String}


@dataclass(frozen=True)
class Memory:
    """What is known of ids before today.

    `current`: record_key, customer_id of every open period. `ended`: the same for the last records of ids
    that ended. `ages`: customer_id, born_on, anchor for every id ever given; the anchor is the smallest
    record key of its first day.
    """

    current: pl.DataFrame
    ended: pl.DataFrame
    ages: pl.DataFrame

    @classmethod
    def empty(cls) -> Memory:
        """Before the first run."""
        return cls(pl.DataFrame(schema=MEMBERS), pl.DataFrame(schema=MEMBERS), pl.DataFrame(schema=AGES))


def _overlaps(members: pl.DataFrame, clusters: pl.DataFrame, ages: pl.DataFrame) -> pl.DataFrame:
    """One row per id and cluster that share records: how many, of how many, is the anchor there."""
    sized = members.with_columns(pl.len().over("customer_id").alias("size"))
    shared = sized.join(clusters, on="record_key").group_by("customer_id", "cluster")
    counted = shared.agg(pl.len().alias("overlap"), pl.col("size").first())
    home = clusters.select(pl.col("record_key").alias("anchor"), pl.col("cluster").alias("home"))
    anchored = counted.join(
        ages.select("customer_id", "anchor").join(home, on="anchor"), on="customer_id", how="left"
    )
    is_anchor = (pl.col("cluster") == pl.col("home")).fill_null(False)
    return anchored.select("customer_id", "cluster", "overlap", "size", is_anchor.alias("is_anchor"))


def _best(claims: pl.DataFrame, ages: pl.DataFrame) -> pl.DataFrame:
    """One id per cluster: the oldest, then the one with most records there, then the smaller id."""
    aged = claims.join(ages, on="customer_id", how="left")
    order = aged.sort("cluster", "born_on", "overlap", "customer_id", descending=[False, False, True, False])
    return order.group_by("cluster", maintain_order=True).first().select("cluster", "customer_id")


def _claims(overlaps: pl.DataFrame) -> pl.DataFrame:
    """Each id's own cluster: most of its records, then its anchor, then the smaller cluster."""
    down = [False, True, True, False]
    order = overlaps.sort("customer_id", "overlap", "is_anchor", "cluster", descending=down)
    return order.group_by("customer_id", maintain_order=True).first()


def _new_id(smallest_record: str, taken: set[str]) -> str:
    """`C` and 16 hexadecimal digits; another try in the one case in 10^12 that it was given already."""
    attempt = 0
    while True:
        digest = sha256(f"customer/{smallest_record}/{attempt}".encode()).hexdigest()
        candidate = "C" + digest[:16]
        if candidate not in taken:
            taken.add(candidate)
            return candidate
        attempt += 1


def assign(clusters: pl.DataFrame, memory: Memory) -> pl.DataFrame:
    """The id of each cluster: cluster, customer_id, origin (kept, restored or new), sorted by cluster.

    `clusters` has record_key and cluster (the smallest record key in it), one row per record.
    """
    kept = _best(_claims(_overlaps(memory.current, clusters, memory.ages)), memory.ages)
    unclaimed = clusters.join(kept, on="cluster", how="anti")
    most = _overlaps(memory.ended, unclaimed, memory.ages).filter(pl.col("overlap") * 2 > pl.col("size"))
    restored = _best(most, memory.ages)
    left = unclaimed.join(restored, on="cluster", how="anti")["cluster"].unique().sort()
    taken = set(memory.ages["customer_id"])
    new = pl.DataFrame(
        {"cluster": left, "customer_id": [_new_id(cluster, taken) for cluster in left]}, schema=_IDS
    )
    parts = {KEPT: kept, RESTORED: restored, NEW: new}
    named = [part.with_columns(pl.lit(origin).alias("origin")) for origin, part in parts.items()]
    return pl.concat(named).sort("cluster")


_IDS = {"cluster": pl.String, "customer_id": pl.String}
