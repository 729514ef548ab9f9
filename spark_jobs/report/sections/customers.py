"""The customers: recency, frequency, monetary value, and revenue by day."""

from __future__ import annotations

from spark_jobs.report import charts
from spark_jobs.report.lake import Lake
from spark_jobs.report.page import Grid, Picture, Section, Tile

GRID = """
select recency_score, frequency_score, count(*) as customers
from gold.customer_rfm
where recency_score is not null and frequency_score is not null
group by all order by all
"""

GROUPS = "select rfm_group, count(*) as customers from gold.customer_rfm group by rfm_group"

# The way that customers went within a month, the busiest ones; who stayed is not shown.
MOVES = """
select rfm_group_month_ago as a_month_ago, rfm_group as now, count(*) as customers
from gold.customer_rfm where rfm_group_month_ago <> rfm_group
group by all order by customers desc, 1, 2 limit 10
"""

REVENUE = """
select ordered_on::varchar as day, sum(order_total)::double as revenue
from gold.orders
where ordered_on > cast(? as date) - 28 and ordered_on <= ?
group by ordered_on order by ordered_on
"""

REACH = """
select
    count(*) as customers,
    count(*) filter (is_email_allowed) as email,
    count(*) filter (is_ads_allowed) as ads
from gold.customers
"""


def _moves(lake: Lake) -> Grid:
    rows = [list(row.values()) for row in lake.rows(MOVES)]
    return Grid("Who moved within a month", ("a month ago", "now", "customers"), rows)


def section(lake: Lake) -> Section:
    """Where customers stand, how large each group is, what they spent."""
    reach = lake.one(REACH)
    count = reach.get("customers") or 0
    blocks: list[Picture | Grid] = [
        Picture(
            "Recency and frequency",
            charts.heatmap(
                lake.rows(GRID),
                "frequency_score",
                "recency_score",
                "customers",
                x_title="frequency score",
                y_title="recency score",
            ),
            "5 is best; customers in each square.",
        ),
        Picture("Groups", charts.bars(lake.rows(GROUPS), "rfm_group", "customers", title="customers")),
        _moves(lake),
        Picture(
            "Revenue of the last 28 days",
            charts.columns(
                lake.rows(REVENUE, lake.run_date, lake.run_date),
                "day",
                "revenue",
                x_title="",
                y_title="revenue",
                colour=charts.TEAL,
            ),
        ),
    ]
    tiles = (
        Tile("customers", f"{count:,}"),
        Tile(
            "may be e-mailed",
            f"{reach.get('email') or 0:,}",
            f"{(reach.get('email') or 0) / max(count, 1):.0%}",
        ),
        Tile(
            "may be shown ads", f"{reach.get('ads') or 0:,}", f"{(reach.get('ads') or 0) / max(count, 1):.0%}"
        ),
    )
    return Section("Customers", "Every customer stands in exactly one group.", blocks, tiles=tiles)
