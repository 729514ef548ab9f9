"""What arrived, what was accepted, and what was refused for which reason."""

from __future__ import annotations

import json
from collections import Counter

from alluvium.tables.ingest import SUPPRESSED_REASONS
from spark_jobs.report import charts
from spark_jobs.report.lake import Lake
from spark_jobs.report.page import Grid, Picture, Section, Tile

PARTS = {
    "accepted": charts.TEAL,
    "duplicate": charts.AMBER,
    "suppressed": charts.GREY,
    "quarantined": charts.RED,
}

BATCHES = """
select source || '/' || entity as batch, rows_read, rows_accepted, rows_duplicate,
    coalesce(rows_suppressed, 0) as rows_suppressed,
    rows_quarantined - coalesce(rows_suppressed, 0) as rows_quarantined
from ops.batches
where run_date = ?
order by batch
"""

# A batch that was loaded again has the newest word.
NOTICED = """
select distinct on (check_name, table_name, observed)
    table_name, replace(check_name, '_', ' ') as what, observed, details
from ops.checks
where suite = 'ingest' and run_date = ?
order by check_name, table_name, observed, checked_at desc
"""

OLDEST = """
select observed from ops.checks
where suite = 'bronze' and check_name = 'oldest_open_days' and run_date = ?
order by checked_at desc
"""

REASONS = "select reasons from ops.batches where run_date = ? and reasons is not null"


def _reasons(lake: Lake) -> list[dict[str, object]]:
    counted: Counter[str] = Counter()
    for row in lake.rows(REASONS, lake.run_date):
        counted.update(json.loads(row["reasons"]))
    for reason in SUPPRESSED_REASONS:  # These are told apart: nothing is wrong with them.
        counted.pop(reason, None)
    return [{"reason": reason.replace("_", " "), "rows": rows} for reason, rows in counted.most_common(12)]


def _parts(batches: list[dict[str, int]]) -> list[dict[str, object]]:
    return [
        {"batch": batch["batch"], "rows": batch[f"rows_{part}"], "part": part, "part_order": order}
        for batch in batches
        for order, part in enumerate(PARTS)
    ]


def section(lake: Lake) -> Section:
    """Rows of the night by source, and why rows were refused."""
    batches = [batch for batch in lake.rows(BATCHES, lake.run_date) if batch["rows_read"]]
    read, accepted, duplicate, suppressed, refused = (
        sum(batch[f"rows_{part}"] for batch in batches) for part in ("read", *PARTS)
    )
    columns = ["source", "read", "accepted", "duplicates", "suppressed", "quarantined"]
    rows = [list(batch.values()) for batch in batches]
    blocks: list[Picture | Grid] = [
        Grid(
            "Rows by source",
            columns,
            rows,
            "Read = accepted + duplicates + suppressed + quarantined, or the night stops.",
        )
    ]
    if batches:
        drawn = charts.stacked(
            _parts(batches), "batch", "rows", "part", title="share of rows read", parts=PARTS
        )
        blocks.insert(0, Picture("What became of the rows", drawn))
    if reasons := _reasons(lake):
        drawn = charts.bars(reasons, "reason", "rows", title="rows", colour=charts.RED)
        blocks.append(Picture("Why rows were quarantined", drawn, "A row may have several reasons."))
    if noticed := lake.rows(NOTICED, lake.run_date):
        rows = [list(row.values()) for row in noticed]
        heading = "What is otherwise than the contracts say"
        blocks.append(Grid(heading, ["table", "what", "seen", "about"], rows))
    oldest = lake.one(OLDEST, lake.run_date).get("observed")
    tiles = (
        Tile("rows read", f"{read:,}"),
        Tile("accepted", f"{accepted:,}"),
        Tile("duplicates", f"{duplicate:,}", "the same row twice in a batch"),
        Tile("suppressed", f"{suppressed:,}", "of who refused analytics or was erased"),
        Tile("quarantined", f"{refused:,}", "kept with their reasons"),
        *([Tile("oldest open row", f"{oldest} days", "waiting in quarantine")] if oldest else []),
    )
    return Section(
        "Arrivals",
        "Files of this run date, row by row: nothing is lost, nothing comes in twice.",
        blocks,
        tiles=tiles,
    )
