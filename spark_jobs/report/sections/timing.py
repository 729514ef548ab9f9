"""Where the night's time went, and what the gates saw."""

from __future__ import annotations

from spark_jobs.report import charts
from spark_jobs.report.lake import Lake
from spark_jobs.report.page import Grid, Picture, Section

STEPS = """
select job, round(arg_max(seconds, finished_at), 1) as seconds
from ops.runs
where run_date = ? and job <> 'night' and status = 'succeeded'
group by job order by seconds desc
"""

NEWEST = """
with newest as (
    select * from ops.checks where run_date = ?
    qualify row_number() over (partition by suite, check_name, table_name order by checked_at desc) = 1
)
"""

BY_BORDER = f"""{NEWEST}
select suite, count(*) as checks, count(*) filter (status = 'passed') as passed,
    count(*) filter (status = 'failed') as failed,
    count(*) filter (status not in ('passed', 'failed')) as undecided
from newest group by suite order by suite
"""

NOT_PASSED = f"""{NEWEST}
select suite, check_name, table_name, severity, status, observed from newest
where status <> 'passed' order by severity, suite, check_name
"""


def section(lake: Lake) -> Section:
    """Seconds per step, and the checks between the layers, failed ones first."""
    blocks: list[Picture | Grid] = [
        Picture(
            "Seconds per step",
            charts.bars(
                lake.rows(STEPS, lake.run_date), "job", "seconds", title="seconds", colour=charts.AMBER
            ),
        )
    ]
    borders = [list(row.values()) for row in lake.rows(BY_BORDER, lake.run_date)]
    if borders:
        blocks.append(Grid("Gates", ["border", "checks", "passed", "failed", "not enough history"], borders))
    if noticed := [list(row.values()) for row in lake.rows(NOT_PASSED, lake.run_date)]:
        columns = ["border", "check", "table", "severity", "status", "seen"]
        blocks.append(Grid("What a gate noticed", columns, noticed))
    return Section("Steps and gates", "How long each step took, and what stood between the layers.", blocks)
