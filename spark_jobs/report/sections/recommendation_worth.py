"""What recommendations are worth: money by rank, own brand, known and new, and what came of the lists."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from spark_jobs.report import charts
from spark_jobs.report.lake import Lake, NotThereError
from spark_jobs.report.page import Grid, Picture

OWN_BRAND = "Private"
SHARES = f"""
with bought as (select distinct customer_id, product_id from gold.order_lines where customer_id is not null)
select
    r.placement,
    avg(cast(p.brand = '{OWN_BRAND}' as int)) as own_brand,
    avg(cast(b.product_id is not null as int)) as known,
    avg(cast(r.model = 'popularity' as int)) as popular
from published.recommendations as r
left join gold.products as p using (product_id)
left join bought as b using (customer_id, product_id)
where r.rank <= 10
group by r.placement
order by r.placement
"""
# The nights whose longer window closed last, all together: one night alone is noisy.
RESULTS = """
select
    placement, model, window_days,
    min(run_date) as first_night, max(run_date) as last_night,
    sum(customers) as lists,
    sum(rows_viewed) / sum(rows_shown) as view_rate,
    sum(corrected_view_rate * rows_shown) / sum(rows_shown) as corrected_view_rate,
    sum(rows_bought) / sum(rows_shown) as bought_rate,
    sum(customers_bought) / sum(customers) as buyers,
    sum(revenue_per_customer * customers) / sum(customers) as revenue,
    sqrt(sum((revenue_error * customers) ** 2)) / sum(customers) as revenue_error
from published.recommendation_results
where run_date > cast(? as date) - 28
group by placement, model, window_days
order by placement, window_days, lists desc
"""
COLUMNS = [
    "placement", "model", "days", "lists", "viewed", "viewed, corrected", "bought", "customers who bought",
    "spend a customer (95 %)",
]  # fmt: skip
Results = dict[str, Any]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def by_rank(results: Results) -> list[dict[str, Any]]:
    """Money down to each rank, placement by placement; empty for a race that was logged without it."""
    rows = []
    for name, result in results.get("placements", {}).items():
        ranks = (result.get("shown") or {}).get("by_rank", [])
        totals = accumulate(rank["spend"] for rank in ranks)
        rows += [
            {"rank": rank["rank"], "spend": total, "placement": name.replace("_", " ")}
            for rank, total in zip(ranks, totals, strict=True)
        ]
    return rows


def _picture(results: Results) -> list[Picture]:
    rows = by_rank(results)
    if not rows:
        return []
    window = results["windows"]["test"]
    note = (
        f"What 1,000 customers spent on the products shown to them, down to each rank, from "
        f"{window['first_day']} to before {window['end']}. They would have bought part of it anyway."
    )
    drawn = charts.lines(rows, "rank", "spend", "placement", x_title="rank", y_title="spend")
    return [Picture("Revenue to expect down to each rank", drawn, note)]


def _shares(rows: list[dict[str, Any]]) -> Grid:
    cells = [
        [
            row["placement"].replace("_", " "),
            *(_percent(row[name]) for name in ("own_brand", "known", "popular")),
        ]
        for row in rows
    ]
    return Grid(
        "Own brand, known and new",
        ["placement", "own brand", "bought before", "popular products"],
        cells,
        "Of the first ten places of every list. What was not bought before is new to the customer.",
    )


def _line(row: dict[str, Any]) -> list[Any]:
    money, error = row["revenue"], row["revenue_error"]
    sure = f" ± {1.96 * error:.2f}" if error is not None else ""
    rates = ("view_rate", "corrected_view_rate", "bought_rate", "buyers")
    return [
        row["placement"].replace("_", " "),
        row["model"].replace("_", " "),
        row["window_days"],
        row["lists"],
        *(_percent(row[name]) for name in rates),
        f"{money:.2f}{sure}",
    ]


def _live(lake: Lake) -> list[Grid]:
    try:
        rows = lake.rows(RESULTS, lake.run_date)
    except NotThereError:  # Before a second night nothing can have come of a list.
        return []
    if not rows:
        return []
    first, last = min(r["first_night"] for r in rows), max(r["last_night"] for r in rows)
    note = (
        f"Lists of {first} to {last}. Models are compared only where an experiment drew the customers; "
        "popularity serves those of whom little is known. Corrected: as if every place were looked at like "
        "the first, taking attention as 1 / log2(rank + 1)."
    )
    return [Grid("What came of the lists", COLUMNS, [_line(row) for row in rows], note)]


def blocks(lake: Lake, results: Results) -> list[Picture | Grid]:
    """The business view; `results` is what the race logged."""
    return [*_picture(results), _shares(lake.rows(SHARES)), *_live(lake)]
