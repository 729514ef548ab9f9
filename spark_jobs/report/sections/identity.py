"""Who is who: how many records make a customer, and what changed."""

from __future__ import annotations

from spark_jobs.report import charts
from spark_jobs.report.lake import Lake
from spark_jobs.report.page import Grid, Picture, Section, Tile

SIZES = """
with customers as (
    select customer_id, count(*) as records from identity.customer_records
    where tier = 'strict' and is_current and record_kind <> 'device' group by customer_id
)
select case when records >= 10 then '10+' else records::varchar end as records, count(*) as customers,
    min(records) as position
from customers group by 1 order by position
"""

TOTALS = """
select count(*) as records, count(distinct customer_id) as customers,
    max(count_of_customer) as largest
from (
    select customer_id, count(*) over (partition by customer_id) as count_of_customer
    from identity.customer_records where tier = 'strict' and is_current
)
"""

RULES = "select rule, count(*) as links from identity.links group by rule order by links desc"

CHANGES = """
select run_date::varchar as night, change, count(distinct customer_id) as customers
from identity.changes
where tier = 'strict' and run_date between cast(? as date) - 14 and ?
group by all order by all
"""


def section(lake: Lake) -> Section:
    """Sizes of customers, kinds of links, changes of ids over the nights."""
    totals = lake.one(TOTALS)
    blocks: list[Picture | Grid] = [
        Picture(
            "Records that make one customer",
            charts.columns(lake.rows(SIZES), "records", "customers", x_title="records", y_title="customers"),
            "Contacts, accounts and cards; devices not counted.",
        ),
        Picture(
            "Why records were linked",
            charts.bars(lake.rows(RULES), "rule", "links", title="links", colour=charts.TEAL),
        ),
    ]
    if changes := lake.rows(CHANGES, lake.run_date, lake.run_date):
        rows = [[row["night"], row["change"], row["customers"]] for row in changes]
        blocks.append(Grid("What happened to customer ids", ["night", "change", "customers"], rows[-20:]))
    tiles = (
        Tile("records", f"{totals.get('records') or 0:,}", "devices included"),
        Tile("customers", f"{totals.get('customers') or 0:,}"),
        Tile("largest customer", f"{totals.get('largest') or 0:,}", "records"),
    )
    return Section(
        "Identity",
        "Which records are the same person. An id once given stays, or leads on.",
        blocks,
        tiles=tiles,
    )
