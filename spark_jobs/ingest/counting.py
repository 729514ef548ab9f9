"""How many rows a batch has of each kind, and which copy of a repeated row stays."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alluvium.contracts.contract import Contract
from spark_jobs.ingest import reasons

# So many keys fit on the driver and travel to every task.
FEW = 100_000


@dataclass(frozen=True)
class Counts:
    """Rows of one batch. `rows_read` is the sum of accepted, quarantined and duplicate."""

    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_conflicting: int = 0
    rows_suppressed: int = 0  # Of the quarantined: see `reasons.SUPPRESSED`.

    @property
    def bad_share(self) -> float:
        """Bad rows among all that differ; rows that are suppressed are neither good nor bad."""
        judged = self.rows_read - self.rows_duplicate - self.rows_suppressed
        return (self.rows_quarantined - self.rows_suppressed) / judged if judged else 0.0

    def refused(self) -> Counts:
        """The same rows when none is accepted."""
        return replace(
            self,
            rows_accepted=0,
            rows_quarantined=self.rows_accepted + self.rows_quarantined,
            rows_conflicting=0,
        )

    def as_row(self) -> dict[str, int]:
        """Columns of `ops.batches`."""
        return asdict(self)


def count(judged: DataFrame, contract: Contract, is_small: bool) -> Counts:
    """Count a batch in one job. Copies share a row hash; conflicts share a key and differ in the hash."""
    keys = list(contract.silver_key)
    is_suppressed = reasons.is_suppressed().alias("is_suppressed")
    narrow = judged.select(*keys, "_row_hash", (F.size("_reasons") > 0).alias("is_bad"), is_suppressed)
    # One exchange by key serves both groupings; a small batch needs none.
    placed = narrow.coalesce(1) if is_small else narrow.repartition(*keys)
    payloads = placed.groupBy(*keys, "_row_hash").agg(
        F.count("*").alias("copies"),
        F.max("is_bad").alias("is_bad"),
        F.max("is_suppressed").alias("is_suppressed"),
    )
    by_key = payloads.groupBy(*keys).agg(
        F.sum("copies").alias("copies"),
        F.count("*").alias("payloads"),
        F.count_if("is_bad").alias("bad"),
        F.count_if("is_suppressed").alias("suppressed"),
    )
    good = F.col("payloads") - F.col("bad")
    [totals] = by_key.agg(
        F.coalesce(F.sum("copies"), F.lit(0)).alias("rows_read"),
        F.coalesce(F.sum(good), F.lit(0)).alias("rows_accepted"),
        F.coalesce(F.sum("bad"), F.lit(0)).alias("rows_quarantined"),
        F.coalesce(F.sum(F.col("copies") - F.col("payloads")), F.lit(0)).alias("rows_duplicate"),
        F.coalesce(F.sum(F.when(good > 1, good)), F.lit(0)).alias("rows_conflicting"),
        F.coalesce(F.sum("suppressed"), F.lit(0)).alias("rows_suppressed"),
    ).collect()
    return Counts(**totals.asDict())


def count_reasons(bad: DataFrame) -> dict[str, int]:
    """Rows by reason; a row with two reasons counts under both."""
    rows = bad.select(F.explode("_reasons").alias("reason")).groupBy("reason").count().collect()
    return {
        row["reason"]: row["count"] for row in sorted(rows, key=lambda row: (-row["count"], row["reason"]))
    }


def _place() -> Column:
    return F.struct("_source_file", "_row_number")


def _firsts(judged: DataFrame, few: bool) -> DataFrame:
    """The place of the first of each hash that stands more than once: `_row_hash`, `_first`."""
    repeated = judged.groupBy("_row_hash").count().where("count > 1").select("_row_hash")
    # To aggregate a struct means to sort; only rows that are copies are worth it.
    copies = judged.join(F.broadcast(repeated) if few else repeated, on="_row_hash", how="left_semi")
    firsts = copies.groupBy("_row_hash").agg(F.min(_place()).alias("_first"))
    return F.broadcast(on_driver(firsts)) if few else firsts


def first_copies(judged: DataFrame, count_copies: int | None = None) -> DataFrame:
    """One row per row hash: of copies, the first by file and row number, so that a rerun keeps the same.

    `count_copies`, when known, is how many rows are copies of another: few are sent to the rows, not the rows
    to them.
    """
    few = count_copies is not None and count_copies <= FEW
    rows = judged.join(_firsts(judged, few), on="_row_hash", how="left")
    return rows.where(F.col("_first").isNull() | (F.col("_first") == _place())).drop("_first")


def on_driver(few_rows: DataFrame) -> DataFrame:
    """The same rows, computed once for all who use them. The caller knows that they are at most FEW."""
    return few_rows.sparkSession.createDataFrame(few_rows.toArrow())
