"""`alluvium recommend`: what a customer is shown, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from alluvium.console import console, print_json, table
from alluvium.errors import AlluviumError
from alluvium.nights.last_night import LastNight
from alluvium.settings import get_settings

app = typer.Typer(add_completion=False)

SHOWN = """
with last as (select max(run_date) as run_date from published.recommendations)
select placement, rank, product_id, product_name, reason_text as reason, reason_code, score, model, run_date
from published.recommendations
inner join last using (run_date)
left join gold.products using (product_id)
where customer_id = ? and rank <= ?
order by placement, rank
"""
BOUGHT = """
select
    product_id,
    product_name,
    count(distinct ordered_on) as days_bought,
    max(ordered_on) as last_bought_on,
    cast(sum(amount) as decimal(12, 2)) as spend
from gold.order_lines
left join gold.products using (product_id)
where customer_id = ?
group by product_id, product_name
order by days_bought desc, last_bought_on desc, product_id
limit ?
"""


def _show(customer_id: str, shown: list[dict[str, Any]], bought: list[dict[str, Any]]) -> None:
    for placement in sorted({row["placement"] for row in shown}):
        rows = [row for row in shown if row["placement"] == placement]
        cells = [[row["rank"], row["product_name"] or row["product_id"], row["reason"]] for row in rows]
        table(f"{placement} · {customer_id} · {rows[0]['run_date']}", ["rank", "product", "reason"], cells)
        console.print()
    columns = ["product", "days bought", "last bought", "spend"]
    cells = [
        [row["product_name"] or row["product_id"], row["days_bought"], row["last_bought_on"], row["spend"]]
        for row in bought
    ]
    if cells:
        table("bought most often", columns, cells)
    else:
        console.print("No purchases are known of this customer: popular products are shown")


@app.command(epilog="Example: alluvium recommend C1a2b3c4d5e6f7a8b --top 5")
def recommend(
    customer_id: Annotated[
        str, typer.Argument(help="A customer_id of gold.customers, or one that was merged.")
    ],
    top: Annotated[int, typer.Option(min=1, max=20, help="How many products of each list.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show what a customer is recommended, why, and what this customer bought."""
    lake = LastNight(get_settings())
    today = lake.id_of_today(customer_id)
    shown = lake.rows(SHOWN, today, top)
    if not shown:
        raise AlluviumError(
            f"There are no recommendations for the customer {customer_id}",
            do='`alluvium sql "select customer_id from gold.customers limit 5"` gives some ids',
        )
    bought = lake.rows(BOUGHT, today, top)
    if as_json:
        print_json({"customer_id": today, "recommendations": shown, "bought": bought})
    else:
        _show(today, shown, bought)
