"""The lists of a night as files for shops that read no tables: one Parquet file, one line of JSON a customer.

exports/<run_date>/recommendations/ appears whole, with the same bytes for the same lists.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from spark_jobs.publish.files import put_in_place, start_draft

PARQUET, JSON_LINES = "recommendations.parquet", "recommendations.jsonl"
SHORT = ("product_id", "reason_text")


def one_line_each(rows: pl.DataFrame) -> pl.DataFrame:
    """customer_id, run_date, lists: per placement what is shown, best first."""
    ordered = rows.sort("customer_id", "placement", "rank")
    shown = ordered.group_by("customer_id", "run_date", "placement", maintain_order=True).agg(
        products=pl.struct(SHORT)
    )
    return shown.group_by("customer_id", "run_date", maintain_order=True).agg(
        lists=pl.struct("placement", "products")
    )


def write(rows: pl.DataFrame, exports: Path, run_date: date) -> int:
    """Write both files of one night; the number of files that lie there.

    `rows` has the columns of published.recommendations of `run_date`.
    """
    final = exports / str(run_date) / "recommendations"
    draft = start_draft(final)
    rows.sort("customer_id", "placement", "rank").write_parquet(draft / PARQUET)
    one_line_each(rows).write_ndjson(draft / JSON_LINES)
    put_in_place(draft, final)
    return 2
