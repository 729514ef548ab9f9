"""Where the night's time went, and what the gates saw."""

from __future__ import annotations

from spark_jobs.report import charts
from spark_jobs.report.lake import Lake, NotThereError
from spark_jobs.report.page import Grid, Picture, Section

STEPS = """
select job, round(arg_max(seconds, finished_at), 1) as seconds
from ops.runs
where run_date = ? and job <> 'night' and status = 'succeeded'
group by job order by seconds desc
"""

MODELS = """
select model, round(seconds, 1) as seconds, cost from ops.model_builds
where run_date = ? and built_at = (select max(built_at) from ops.model_builds where run_date = ?)
order by seconds desc
"""
SHOWN, EXPLAINED = 12, 3

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


def _models(lake: Lake) -> list[Picture | Grid]:
    try:
        models = lake.rows(MODELS, lake.run_date, lake.run_date)
    except NotThereError:  # Nothing was built since models are timed.
        return []
    if not models:
        return []
    bars = charts.bars(models[:SHOWN], "model", "seconds", title="seconds, side by side", colour=charts.AMBER)
    slowest = [list(model.values()) for model in models[:EXPLAINED]]
    return [
        Picture("Models of the warehouse that took longest", bars),
        Grid("Why the slowest three take long", ["model", "seconds", "what it has to do"], slowest),
    ]


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
    blocks += _models(lake)
    borders = [list(row.values()) for row in lake.rows(BY_BORDER, lake.run_date)]
    if borders:
        blocks.append(Grid("Gates", ["border", "checks", "passed", "failed", "not enough history"], borders))
    if noticed := [list(row.values()) for row in lake.rows(NOT_PASSED, lake.run_date)]:
        columns = ["border", "check", "table", "severity", "status", "seen"]
        blocks.append(Grid("What a gate noticed", columns, noticed))
    return Section("Steps and gates", "How long each step took, and what stood between the layers.", blocks)
