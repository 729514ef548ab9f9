"""Segments over the nights, and what left the house."""

from __future__ import annotations

from spark_jobs.report import charts
from spark_jobs.report.lake import Lake
from spark_jobs.report.page import Grid, Picture, Section

SIZES = """
select run_date::varchar as night, segment, arg_max(size, run_date) as members
from published.segment_runs
where run_date between cast(? as date) - 30 and ?
group by all order by night, segment
"""

TONIGHT = """
select segment, owner, status, size, entered, "left", reason
from published.segment_runs where run_date = ? order by segment
"""

TONIGHT_COLUMNS = ("segment", "owner", "status", "members", "entered", "left", "note to the owner")

DELIVERIES = """
select segment, platform, purpose, status, count_members, count_without_consent, count_rejected,
    count_exported, count_added, count_removed
from published.audience_deliveries where run_date = ? order by segment, platform
"""


def section(lake: Lake) -> Section:
    """Sizes over the nights, tonight's movement, and the files."""
    sizes = lake.rows(SIZES, lake.run_date, lake.run_date)
    tonight = [list(row.values()) for row in lake.rows(TONIGHT, lake.run_date)]
    deliveries = [list(row.values()) for row in lake.rows(DELIVERIES, lake.run_date)]
    blocks: list[Picture | Grid] = [
        Picture(
            "Members over the nights",
            charts.lines(sizes, "night", "members", "segment", x_title="night", y_title="members"),
        ),
        Grid(
            "Tonight",
            ["segment", "owner", "status", "members", "entered", "left", "note to the owner"],
            tonight,
        ),
        Grid(
            "Audience files",
            [
                "segment",
                "platform",
                "purpose",
                "status",
                "members",
                "no consent",
                "rejected",
                "exported",
                "added",
                "removed",
            ],
            deliveries,
            "Only customers who agreed to the purpose as of the run date are in a file; no record means no.",
        ),
    ]
    return Section(
        "Segments and audiences", "Who is in, who came and went, and which files were made.", blocks
    )
