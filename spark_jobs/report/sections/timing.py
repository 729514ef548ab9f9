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

CHECKS = """
select suite, check_name, table_name, severity, status, observed
from ops.checks
where run_date = ?
qualify row_number() over (partition by suite, check_name, table_name order by checked_at desc) = 1
order by status, suite, check_name
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
    checks = [list(row.values()) for row in lake.rows(CHECKS, lake.run_date)]
    if checks:
        blocks.append(Grid("Gates", ["border", "check", "table", "severity", "status", "seen"], checks))
    return Section("Steps and gates", "How long each step took, and what stood between the layers.", blocks)
