"""How many rows a batch has of each kind, and which copy of a repeated row stays."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alluvium.contract import Contract

FEW_COPIES = 100_000


@dataclass(frozen=True)
class Counts:
    """Rows of one batch. `rows_read` is the sum of accepted, quarantined and duplicate."""

    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_conflicting: int = 0

    @property
    def bad_share(self) -> float:
        """Bad rows among all that differ."""
        distinct = self.rows_read - self.rows_duplicate
        return self.rows_quarantined / distinct if distinct else 0.0

    def refused(self) -> Counts:
        """The same rows when none is accepted."""
        return Counts(self.rows_read, 0, self.rows_accepted + self.rows_quarantined, self.rows_duplicate)

    def as_row(self) -> dict[str, int]:
        """Columns of `ops.batches`."""
        return asdict(self)


def count(judged: DataFrame, contract: Contract, is_small: bool) -> Counts:
    """Count a batch in one job. Copies share a row hash; conflicts share a key and differ in the hash."""
    keys = list(contract.silver_key)
    narrow = judged.select(*keys, "_row_hash", (F.size("_reasons") > 0).alias("is_bad"))
    # One exchange by key serves both groupings; a small batch needs none.
    placed = narrow.coalesce(1) if is_small else narrow.repartition(*keys)
    payloads = placed.groupBy(*keys, "_row_hash").agg(
        F.count("*").alias("copies"), F.max("is_bad").alias("is_bad")
    )
    by_key = payloads.groupBy(*keys).agg(
        F.sum("copies").alias("copies"),
        F.count("*").alias("payloads"),
        F.count_if("is_bad").alias("bad"),
    )
    good = F.col("payloads") - F.col("bad")
    [totals] = by_key.agg(
        F.coalesce(F.sum("copies"), F.lit(0)).alias("rows_read"),
        F.coalesce(F.sum(good), F.lit(0)).alias("rows_accepted"),
        F.coalesce(F.sum("bad"), F.lit(0)).alias("rows_quarantined"),
        F.coalesce(F.sum(F.col("copies") - F.col("payloads")), F.lit(0)).alias("rows_duplicate"),
        F.coalesce(F.sum(F.when(good > 1, good)), F.lit(0)).alias("rows_conflicting"),
    ).collect()
    return Counts(**totals.asDict())


def count_reasons(bad: DataFrame) -> dict[str, int]:
    """Rows by reason; a row with two reasons counts under both."""
    rows = bad.select(F.explode("_reasons").alias("reason")).groupBy("reason").count().collect()
    return {
        row["reason"]: row["count"] for row in sorted(rows, key=lambda row: (-row["count"], row["reason"]))
    }


def first_copies(judged: DataFrame, count_copies: int | None = None) -> DataFrame:
    """One row per row hash: of copies, the first by file and row number, so that a rerun keeps the same.

    `count_copies`, when known, is how many rows are copies of another: few are sent to the rows, not the rows
    to them.
    """
    place = F.struct("_source_file", "_row_number")
    copied = judged.groupBy("_row_hash").agg(F.count("*").alias("_copies"), F.min(place).alias("_first"))
    copied = copied.where(F.col("_copies") > 1)
    copied = F.broadcast(copied) if count_copies is not None and count_copies <= FEW_COPIES else copied
    rows = judged.join(copied, on="_row_hash", how="left")
    return rows.where(F.col("_first").isNull() | (place == F.col("_first"))).drop("_copies", "_first")
