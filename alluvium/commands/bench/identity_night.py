"""What a night with few new records costs beside one that compares all, with the same frozen model."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from spark_jobs.identity.night import Given
    from spark_jobs.identity.outcome import Resolution

NEW = 0.005  # share of records that the last night did not know


def clean(count: int, seed: int) -> pl.DataFrame:
    """Made-up records as a night reads them."""
    import polars as pl

    from spark_jobs.identity import standardise, synthetic

    made = synthetic.records(count, seed).rename({"town": "city", "postcode": "postal_code"})
    born = pl.col("birth_date").str.to_date(strict=False)
    return standardise.clean(
        made.select(
            pl.format("{}", pl.col("record_id").hash(seed)).alias("record_key"),
            pl.lit("crm").alias("source"),
            pl.lit("person").alias("record_kind"),
            pl.when(born.dt.year().is_between(1900, 2100)).then(born).alias("birth_date"),
            *(pl.lit(None, pl.String).alias(name) for name in ("title", "state")),
            *("first_name", "last_name", "email", "phone", "street", "city", "postal_code"),
        )
    )


def _timed(rows: pl.DataFrame, given: Given) -> tuple[Resolution, float]:
    import polars as pl

    from spark_jobs.identity import matching
    from spark_jobs.identity.night import IDENTIFIER

    nothing = pl.DataFrame(schema={**dict.fromkeys(IDENTIFIER, pl.String), "is_owner": pl.Boolean})
    began = time.process_time()
    return matching.resolve(rows, nothing, given), time.process_time() - began


def measured(count: int, seed: int) -> dict[str, Any]:
    """CPU seconds of both nights, whether they decide the same, and how much the small one looks at."""
    from dataclasses import replace

    from spark_jobs.identity import rules
    from spark_jobs.identity.night import Given

    rows = clean(count, seed)
    old = rows.head(round(rows.height * (1 - NEW)))
    estimated, _ = _timed(old, Given(rules.load()))
    frozen = Given(rules.load(), estimated.model)
    night, few = _timed(rows, replace(frozen, kept=estimated.kept))
    full, whole = _timed(rows, frozen)
    return {
        "records": rows.height,
        "new_records": rows.height - old.height,
        "full_cpu_seconds": round(whole, 1),
        "night_cpu_seconds": round(few, 1),
        "share": round(few / whole, 3),
        "pairs": night.counts["candidate_pairs"],
        "pairs_compared": night.counts["pairs_compared"],
        "records_decided": night.counts["records_decided"],
        "same_clusters": night.clusters.equals(full.clusters),
    }
