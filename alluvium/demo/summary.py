"""What the demo made, where it lies, and what to look at next."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alluvium.console import console, table
from alluvium.lake.lake_sql import View, ask, tables
from alluvium.settings import CHECKOUT, Settings

if TYPE_CHECKING:
    from alluvium.demo.land import LandingSummary

SHOWN = (
    "silver.pos_order_lines",
    "silver.crm_contacts",
    "silver.web_events",
    "identity.customer_records",
    "gold.customers",
    "gold.orders",
    "gold.order_lines",
    "gold.customer_features",
    "ml.churn_scores",
    "ml.ltv_scores",
    "published.recommendations",
    "published.segment_members",
    "published.audience_members",
)

QUERIES = (
    "select rfm_group, count(*) as customers from gold.customer_rfm group by all order by customers desc",
    "select segment, count(*) as members from published.segment_members where left_at is null group by all",
    "select department, sum(amount) as revenue from gold.order_lines join gold.products using (product_id) "
    "group by all order by revenue desc limit 5",
)

CAUGHT = """
select sum(rows_read)::bigint as rows_read, sum(rows_accepted)::bigint as accepted,
    sum(rows_quarantined - coalesce(rows_suppressed, 0))::bigint as quarantined,
    sum(coalesce(rows_suppressed, 0))::bigint as suppressed, sum(rows_duplicate)::bigint as duplicates,
    max(run_date)::date as last_run_date
from ops.batches
"""


def _count(settings: Settings, full_name: str) -> int:
    found = ask(View(settings), f"select count(*) from {full_name}").fetchone()
    return int(found[0]) if found else 0


def _caught(settings: Settings) -> dict[str, Any]:
    answer = ask(View(settings), CAUGHT)
    names = [column[0] for column in answer.description]
    row = answer.fetchone() or (0,) * len(names)
    return dict(zip(names, row, strict=True))


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.rglob(pattern)) if folder.exists() else []


def summarise(
    settings: Settings, landed: LandingSummary, last_night: date, figures: Mapping[str, Any]
) -> dict[str, Any]:
    """Counts, places and figures as plain values."""
    nights = _files(settings.exports, "manifest.json")
    rows = _caught(settings)
    there = tables(View(settings))  # Without a night after the history nothing is scored or published.
    return {
        "tables": {name: _count(settings, name) for name in SHOWN if name in there},
        "planted": landed.planted(through=rows.pop("last_run_date")),
        "rows": rows,
        "audience_folders": sorted({str(manifest.parent) for manifest in nights}),
        "reports": [str(page) for page in sorted(settings.reports.glob("????-??-??.html"))],
        **figures,
    }


def _command() -> str:
    """How this person calls alluvium from where they are."""
    relative = os.path.relpath(CHECKOUT / ".venv" / "bin" / "alluvium")
    return shlex.quote(relative)


def _show_times(summary: Mapping[str, Any]) -> None:
    times = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in summary["seconds"].items())
    console.print(f"[bold]Time[/]  {summary['total_seconds']:.0f} s in all: {times}")
    console.print(f"[bold]Peak memory[/]  {summary['peak_gib']:.1f} GiB, all processes together")


def _show_rows(summary: Mapping[str, Any]) -> None:
    rows = summary["rows"]
    planted = ", ".join(f"{count} {kind}" for kind, count in summary["planted"].items())
    console.print(
        f"[bold]Rows[/]  {rows['rows_read']:,} read = {rows['accepted']:,} accepted "
        f"+ {rows['quarantined']:,} quarantined + {rows['suppressed']:,} not kept, for who refused analytics "
        f"+ {rows['duplicates']:,} duplicates (planted: {planted})"
    )


def show(summary: Mapping[str, Any]) -> None:
    """Print the summary for a person."""
    console.print()
    table("What was made", ["table", "rows"], summary["tables"].items())
    console.print()
    _show_rows(summary)
    _show_times(summary)
    console.print("\n[bold]Audience files[/]")
    for folder in summary["audience_folders"]:
        console.print(f"  {folder}")
    console.print("\n[bold]The report of each night[/] (open in a browser)")
    for page in summary["reports"]:
        console.print(f"  {page}")
    console.print("\n[bold]Ask the lake[/]")
    for query in QUERIES:
        console.print(f"  {_command()} sql {shlex.quote(query)}", markup=False)
