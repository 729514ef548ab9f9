"""The lists of a night as files for shops that read no tables: one Parquet file, one line of JSON a customer.

They wait as drafts in exports/.recommendations/<run_date>/ until the gate has agreed; then
exports/<run_date>/recommendations/ appears whole, with the same bytes for the same lists.
"""

from __future__ import annotations

import json
import shutil
from datetime import date
from hashlib import sha256
from pathlib import Path

import polars as pl

from spark_jobs.publish.files import MANIFEST, put_in_place

PARQUET, JSON_LINES = "recommendations.parquet", "recommendations.jsonl"
DRAFTS, FOLDER = ".recommendations", "recommendations"
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


def draft(rows: pl.DataFrame, exports: Path, run_date: date) -> int:
    """Write the files of one night where no reader looks; the number of files. Older drafts go.

    `rows` has the columns of published.recommendations of `run_date`.
    """
    shutil.rmtree(exports / DRAFTS, ignore_errors=True)
    folder = exports / DRAFTS / str(run_date)
    folder.mkdir(mode=0o700, parents=True)
    rows.sort("customer_id", "placement", "rank").write_parquet(folder / PARQUET)
    one_line_each(rows).write_ndjson(folder / JSON_LINES)
    _write_manifest(folder, run_date)
    return 2


def _write_manifest(folder: Path, run_date: date) -> None:
    """Written last: without it the draft is not complete."""
    files = [
        {"name": name, "bytes": len(content), "sha256": sha256(content).hexdigest()}
        for name in (JSON_LINES, PARQUET)
        for content in [(folder / name).read_bytes()]
    ]
    text = json.dumps({"run_date": str(run_date), "files": files}, indent=2, sort_keys=True)
    (folder / MANIFEST).write_text(f"{text}\n", encoding="utf-8")


def deliver(exports: Path, run_date: date) -> Path | None:
    """Move the night's draft to its place; the folder, None when the night has no files."""
    waiting, final = exports / DRAFTS / str(run_date), exports / str(run_date) / FOLDER
    if (waiting / MANIFEST).is_file():
        put_in_place(waiting, final)
    return final if final.is_dir() else None
