"""The lists of more customers than the driver holds: Spark brings together what is known of each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alluvium import catalog
from spark_jobs.publish.lists import SCHEMA, Shelf, lists

BATCH_CUSTOMERS = 2_000
_COLUMNS = catalog.PUBLISHED_RECOMMENDATIONS.columns or {}
DDL = ", ".join(f"{name} {kind}" for name, (kind, _) in _COLUMNS.items() if name != "run_date")


def known_of_each(customers: DataFrame, candidates: DataFrame, bought: DataFrame) -> DataFrame:
    """One row per customer: what `lists` needs of customers, and candidates and bought as arrays."""
    facts = F.struct(*(name for name in SCHEMA if name != "customer_id"))
    offered = candidates.groupBy("customer_id").agg(F.collect_list(facts).alias("candidates"))
    owned = bought.groupBy("customer_id").agg(F.collect_list("product_id").alias("bought"))
    return customers.join(offered, on="customer_id", how="left").join(owned, on="customer_id", how="left")


def _of_batch(known: pl.DataFrame, shown: Shelf) -> pl.DataFrame:
    offered = known.select("customer_id", "candidates").explode("candidates").drop_nulls("candidates")
    owned = known.select("customer_id", pl.col("bought").alias("product_id")).explode("product_id")
    candidates = offered.unnest("candidates").select(SCHEMA.keys())
    people = known.drop("candidates", "bought")
    return lists(people, candidates, owned.drop_nulls("product_id"), shown)


def _of_batches(batches: Iterator[pa.RecordBatch], shown: Shelf) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH_CUSTOMERS):
            known = pl.DataFrame(pl.from_arrow(pa.table(batch.slice(start, BATCH_CUSTOMERS))))
            rows = _of_batch(known, shown).select(name for name in _COLUMNS if name != "run_date")
            yield from rows.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches()


def lists_by_spark(customers: DataFrame, candidates: DataFrame, bought: DataFrame, shown: Shelf) -> DataFrame:
    """As `lists`. Python on the workers: the rules are the driver's, a batch of customers at a time."""
    known = known_of_each(customers, candidates, bought)
    return known.mapInArrow(partial(_of_batches, shown=shown), DDL)
