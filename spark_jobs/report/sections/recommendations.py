"""What three customers were recommended, and how the models did in the race."""

from __future__ import annotations

from typing import Any

from alluvium.settings import Settings
from spark_jobs.report import charts
from spark_jobs.report.lake import Lake
from spark_jobs.report.page import Grid, Picture, Section
from spark_jobs.report.sections import recommendation_worth

# Three customers whose ids come first by hash: the same ones every night, and nobody's favourites.
EXAMPLES = """
with chosen as (
    select customer_id from gold.customer_rfm where frequency >= 5 order by md5(customer_id) limit 3
)
select r.customer_id, r.placement, r.rank, p.product_name, r.reason_text
from published.recommendations as r
inner join chosen using (customer_id)
left join gold.products as p using (product_id)
where r.rank <= 5
order by r.customer_id, r.placement, r.rank
"""

BOUGHT = """
select l.customer_id, p.product_name, count(distinct l.order_id) as times
from gold.order_lines as l
inner join gold.products as p using (product_id)
where l.customer_id in (select unnest(cast(? as varchar[]))) and p.is_recommendable
group by l.customer_id, p.product_name
qualify row_number() over (partition by l.customer_id order by times desc, p.product_name) <= 5
order by l.customer_id, times desc
"""

REASONS = """
select placement || ': ' || reason_code as reason, count(*) as rows
from published.recommendations group by all order by rows desc
"""


def _example(customer_id: str, rows: list[dict[str, Any]], bought: list[dict[str, Any]]) -> Grid:
    usual = ", ".join(
        f"{row['product_name']} ({row['times']}×)" for row in bought if row["customer_id"] == customer_id
    )
    cells = [
        [row["placement"].replace("_", " "), row["rank"], row["product_name"], row["reason_text"]]
        for row in rows
        if row["customer_id"] == customer_id
    ]
    return Grid(
        f"Customer {customer_id}", ["placement", "rank", "product", "why"], cells, f"Buys most: {usual}."
    )


def _figure(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _measured(model: str, figures: dict[str, Any], champion: str) -> list[str]:
    """One line of the race's table: how right, how sure, and what else a list should be."""
    low, high = figures.get("ndcg_at_10_low"), figures.get("ndcg_at_10_high")
    sure = f" ({_figure(low)} to {_figure(high)})" if low is not None else ""
    names = ("recall_at_10", "hit_rate_at_10", "coverage_at_10", "gini_at_10", "diversity_at_10")
    others = [_figure(figures.get(name)) for name in names]
    novelty, cold = _figure(figures.get("novelty_at_10"), 1), _figure(figures.get("cold_hit_rate_at_10"))
    name = model.replace("_", " ") + (" (champion)" if model == champion else "")
    return [name, _figure(figures["ndcg_at_10"]) + sure, *others, novelty, cold]


COLUMNS = [
    "model", "nDCG@10 (95 %)", "recall", "hit rate", "coverage", "Gini", "diversity", "novelty, bits",
    "cold hit rate",
]  # fmt: skip


def _table(placement: str, result: dict[str, Any]) -> Grid:
    rows = [_measured(model, figures, result["champion"]) for model, figures in result["validation"].items()]
    shown = result.get("shown") or {}
    lost = shown.get("ndcg_at_10_lost")
    note = f"The champion on the 30 days after: nDCG@10 {_figure(shown.get('ndcg_at_10'))} as shown"
    cost = f", {_figure(lost, 4)} of it given for variety." if lost else "."
    return Grid(f"{placement.replace('_', ' ')}: the models", COLUMNS, rows, note + cost if shown else "")


def _frontier(results: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "model": model.replace("_", " "),
            "placement": name.replace("_", " "),
            "nDCG@10": figures["ndcg_at_10"],
            "coverage": 100 * (figures.get("coverage_at_10") or 0.0),
        }
        for name, result in results.get("placements", {}).items()
        for model, figures in result["validation"].items()
        if figures["ndcg_at_10"] is not None
    ]


def _results(settings: Settings) -> dict[str, Any]:
    from models.recommender.tracking import race_results

    return race_results(settings)


def _race(results: dict[str, Any]) -> list[Picture | Grid]:
    rows = _frontier(results)
    if not rows:
        return []
    first_day = results["windows"]["validation"]["first_day"]
    note = f"Chosen on the 30 days from {first_day}; whole catalogue, no sampling. Better is up and right."
    drawn = charts.frontier(rows, "coverage", "nDCG@10", "placement", "model")
    tables = [_table(name, result) for name, result in results["placements"].items()]
    return [Picture("Right and varied: the race", drawn, note), *tables]


def section(lake: Lake) -> Section:
    """Examples with product names, reasons, and the race behind them."""
    rows = lake.rows(EXAMPLES)
    customers = sorted({row["customer_id"] for row in rows})
    bought = lake.rows(BOUGHT, customers) if customers else []
    results = _results(lake.settings)
    blocks: list[Picture | Grid] = [
        *_race(results),
        *recommendation_worth.blocks(lake, results),
        Picture(
            "Reasons given",
            charts.bars(lake.rows(REASONS), "reason", "rows", title="rows", colour=charts.VIOLET),
        ),
        *(_example(customer, rows, bought) for customer in customers),
    ]
    return Section(
        "Recommendations", "Twenty products for every customer and placement, each with a reason.", blocks
    )
