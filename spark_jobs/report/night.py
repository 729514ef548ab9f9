"""The page that people look at in the morning.

Reads   every table that a chapter shows, and the figures of the models
Writes  reports/<run_date>.html
Rerun   the same page, but for the times of the steps
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from alluvium import catalog
from alluvium.job import FAILED, JobConfig
from alluvium.lake import ledger
from spark_jobs.report.lake import Lake, NotThereError
from spark_jobs.report.page import Section, Tile, render, write
from spark_jobs.report.sections import (
    arrivals,
    clusters,
    compliance,
    customers,
    identity,
    predictions,
    recommendations,
    segments,
    timing,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CHAPTERS: Mapping[str, Callable[[Lake], Section]] = {
    "Arrivals": arrivals.section,
    "Identity": identity.section,
    "Customers": customers.section,
    "Predictions": predictions.section,
    "Recommendations": recommendations.section,
    "Clusters": clusters.section,
    "Segments and audiences": segments.section,
    "Privacy": compliance.section,
    "Steps and gates": timing.section,
}

HEADLINE = """
select
    (select count(*) from gold.customers) as customers,
    (select count(*) from gold.orders where ordered_on = ?) as orders,
    (select coalesce(sum(order_total), 0) from gold.orders where ordered_on = ?) as revenue,
    (select count(*) from published.segment_members where left_at is null) as memberships,
    (select count(*) from published.recommendations) as recommendations
"""


def _chapter(title: str, make: Callable[[Lake], Section], lake: Lake) -> Section:
    try:
        return make(lake)
    except NotThereError as error:
        return Section(title, "Nothing to show for this night.", missing=str(error))


def _headline(lake: Lake) -> list[Tile]:
    try:
        seen = lake.one(HEADLINE, lake.run_date, lake.run_date)
    except NotThereError:
        return []
    return [
        Tile("customers", f"{seen['customers']:,}"),
        Tile("orders of the day", f"{seen['orders']:,}"),
        Tile("revenue of the day", f"{seen['revenue']:,.2f}", lake.settings.currency),
        Tile("segment memberships", f"{seen['memberships']:,}"),
        Tile("recommendations", f"{seen['recommendations']:,}"),
    ]


def _failure(lake: Lake, run_date: date) -> str | None:
    """The error of the last job that failed and was not repeated with success."""
    runs = [run for run in ledger.rows(catalog.OPS_RUNS, lake.settings) if run["run_date"] == run_date]
    newest = {run["job"]: run for run in sorted(runs, key=lambda run: run["finished_at"])}
    failed = [run for run in newest.values() if run["status"] == FAILED and run["job"] != "report.night"]
    return f"{failed[-1]['error']}." if failed else None


def run(spark: SparkSession, config: JobConfig) -> Mapping[str, int] | None:
    """Draw every chapter; one that has nothing to show says so and does not stop the others."""
    lake = Lake(config.settings, config.run_date)
    sections = [_chapter(title, make, lake) for title, make in CHAPTERS.items()]
    text = render(config.run_date, _failure(lake, config.run_date), _headline(lake), sections)
    write(text, config.settings.reports / f"{config.run_date}.html")
    return {"chapters": len(sections), "bytes": len(text.encode())}
