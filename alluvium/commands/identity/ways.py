"""How `alluvium identity resolve` decides: in this process, or above a number of records on Spark."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alluvium.errors import UsageError
from alluvium.settings import get_settings

if TYPE_CHECKING:
    import polars as pl

    from spark_jobs.identity.engine.columns import Mapping
    from spark_jobs.identity.engine.frozen import Frozen

AUTO, DRIVER, SPARK = "auto", "driver", "spark"
DRIVER_RECORDS = 2_000_000  # about 1.5 GB of memory for each million
TAUGHT_BY = 500_000  # records that the model of the way through Spark is estimated from


@dataclass(frozen=True)
class Decided:
    """id, cluster_id in the order of the input; links where they were asked for; figures."""

    clusters: pl.DataFrame
    links: pl.DataFrame | None
    figures: dict[str, Any]


def chosen(way: str, records: int, with_links: bool) -> str:
    """The way to go. Raises UsageError for one that there is not."""
    if way not in (AUTO, DRIVER, SPARK):
        raise UsageError(f"There is no way {way!r}", where="--way", do="It is auto, driver or spark")
    if way == AUTO:
        way = SPARK if records > DRIVER_RECORDS else DRIVER
    if way == SPARK and with_links:
        raise UsageError("Links are written by the driver's way only", do="Leave --links out")
    return way


def decide(way: str, ids: pl.Series, rows: pl.DataFrame, mapping: Mapping, with_links: bool) -> Decided:
    """Resolve the rows by one of the ways."""
    return _on_spark(ids, rows, mapping) if way == SPARK else _here(ids, rows, mapping, with_links)


def _here(ids: pl.Series, rows: pl.DataFrame, mapping: Mapping, with_links: bool) -> Decided:
    from spark_jobs.identity.engine import run

    found = run.resolve(ids, rows, mapping)
    figures = {
        "way": DRIVER,
        "pairs": len(found.pairs.left),
        "expected_precision": round(found.expected_precision, 4),
        "block_cap": found.candidates.cap,
        "seconds": found.timer.seconds,
    }
    return Decided(found.clusters(ids), found.links(ids) if with_links else None, figures)


def taught(ids: pl.Series, rows: pl.DataFrame, mapping: Mapping) -> Frozen:
    """The model of at most TAUGHT_BY records, for all of them.

    A share of the records has that share of the records of every word, and the same share of matches among
    its pairs, so weights hold for the whole; blocks are larger there.
    """
    from dataclasses import replace

    from spark_jobs.identity.engine import frozen, run

    every = -(-ids.len() // TAUGHT_BY)
    some = (rows.hash_rows(1) % every == 0).arg_true() if every > 1 else None
    part = (ids, rows) if some is None else (ids.gather(some), rows[some])
    model = frozen.freeze(run.resolve(*part, mapping), mapping)
    times = ids.len() / part[0].len()
    clusters = round(model.memory.clusters * times)
    memory = replace(model.memory, heat=model.memory.heat.scaled(times), clusters=clusters)
    return replace(model, memory=memory)


def _on_spark(ids: pl.Series, rows: pl.DataFrame, mapping: Mapping) -> Decided:
    import polars as pl

    from alluvium.spark.session import connect
    from spark_jobs.identity.distributed import run
    from spark_jobs.identity.timing import Timer

    settings, timer = get_settings(), Timer()
    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.home, prefix="resolve-") as folder:
        work = Path(folder)
        with timer.step("model"):
            model = taught(ids, rows, mapping)
        with timer.step("hand over"):
            pl.DataFrame({"id": ids, "row": rows.to_struct()}).write_parquet(work / "input.parquet")
        with connect(settings) as spark:
            found = run.resolve(spark, spark.read.parquet(str(work / "input.parquet")), model, work, timer)
            decided = pl.DataFrame(pl.from_arrow(found.clusters.toArrow()))
    asked = pl.DataFrame({"id": ids})
    figures = {
        "way": SPARK,
        "pairs": found.pairs,
        "expected_precision": round(found.expected_precision, 4),
        "block_cap": model.memory.heat.caps[0],
        "seconds": timer.seconds,
    }
    return Decided(asked.join(decided, on="id", how="left", maintain_order="left"), None, figures)
