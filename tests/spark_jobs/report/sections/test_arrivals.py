"""The chapter of arrivals tells rows that may not be kept apart from rows that are wrong."""

from __future__ import annotations

from datetime import date

from alluvium.lake import ledger
from alluvium.tables.ingest import OPS_BATCHES
from alluvium.tables.ops import OPS_CHECKS
from spark_jobs.report.lake import Lake
from spark_jobs.report.page import Grid
from spark_jobs.report.sections.arrivals import section

NIGHT = date(2017, 11, 2)
BATCH = {
    "source": "web", "entity": "events", "run_date": NIGHT, "status": "loaded", "rows_read": 100,
    "rows_accepted": 80, "rows_quarantined": 15, "rows_suppressed": 12, "rows_duplicate": 5,
    "reasons": '{"no_consent": 11, "erased": 1, "missing:event_id": 3}',
}  # fmt: skip


def test_rows_that_nobody_may_keep_are_no_bad_rows(settings):
    ledger.append(OPS_BATCHES, [BATCH], settings)
    ledger.create(OPS_CHECKS, settings)
    chapter = section(Lake(settings, NIGHT))
    assert [(tile.label, tile.value) for tile in chapter.tiles] == [
        ("rows read", "100"),
        ("accepted", "80"),
        ("duplicates", "5"),
        ("suppressed", "12"),
        ("quarantined", "3"),
    ]
    [grid] = [block for block in chapter.blocks if isinstance(block, Grid)]
    assert grid.rows == [["web/events", 100, 80, 5, 12, 3]]
    [reasons] = [b for b in chapter.blocks if not isinstance(b, Grid) and "quarantined" in b.heading]
    assert "missing:event id" in str(reasons)
    assert "no consent" not in str(reasons)
