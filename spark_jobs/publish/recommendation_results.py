"""What came of earlier lists: shown products that the same customer viewed or bought soon after.

A purchase counts for every list that showed the product: nobody knows which list the customer looked at, and
much of what is bought again would have been bought anyway. So a figure alone proves nothing; two models whose
customers were drawn by hash (see experiments in models/recommender/params.py) can be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from alluvium import catalog
from alluvium.lake import delta

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

WINDOWS_DAYS = (1, 7)
# These fill up what a model leaves open, and are no model that a customer was given.
FILLERS = ("popularity", "exploration")

Ask = Callable[[str], pa.Table]

QUERY = """
WITH shown AS (
    SELECT customer_id, placement, rank, product_id, model FROM published.recommendations
    WHERE run_date = DATE'{night}'
),
given AS (
    SELECT customer_id, placement,
        COALESCE(MAX(CASE WHEN model NOT IN {fillers} THEN model END), 'popularity') AS model
    FROM shown GROUP BY customer_id, placement
),
bought AS (
    SELECT customer_id, product_id, SUM(CAST(amount AS double)) AS amount FROM gold.order_lines
    WHERE ordered_on > DATE'{night}' AND ordered_on <= DATE'{until}' AND customer_id IS NOT NULL
    GROUP BY customer_id, product_id
),
viewed AS (
    SELECT DISTINCT customer_id, product_id FROM gold.customer_events
    WHERE event = 'Product Viewed' AND occurred_on > DATE'{night}' AND occurred_on <= DATE'{until}'
        AND customer_id IS NOT NULL
),
by_customer AS (
    SELECT shown.customer_id, shown.placement,
        COUNT(*) AS rows_shown,
        COUNT(viewed.product_id) AS rows_viewed,
        COUNT(bought.product_id) AS rows_bought,
        SUM(CASE WHEN viewed.product_id IS NULL THEN 0.0 ELSE LOG2(shown.rank + 1) END) AS corrected_views,
        COALESCE(SUM(bought.amount), 0.0) AS revenue
    FROM shown
    LEFT JOIN bought ON bought.customer_id = shown.customer_id AND bought.product_id = shown.product_id
    LEFT JOIN viewed ON viewed.customer_id = shown.customer_id AND viewed.product_id = shown.product_id
    GROUP BY shown.customer_id, shown.placement
)
SELECT
    DATE'{night}' AS run_date,
    {window_days} AS window_days,
    given.placement,
    given.model,
    COUNT(*) AS customers,
    CAST(SUM(rows_shown) AS bigint) AS rows_shown,
    CAST(SUM(rows_viewed) AS bigint) AS rows_viewed,
    CAST(SUM(rows_bought) AS bigint) AS rows_bought,
    CAST(SUM(CASE WHEN rows_bought > 0 THEN 1 ELSE 0 END) AS bigint) AS customers_bought,
    ROUND(SUM(corrected_views) / SUM(rows_shown), 6) AS corrected_view_rate,
    ROUND(AVG(revenue), 4) AS revenue_per_customer,
    ROUND(CASE WHEN COUNT(*) > 1 THEN STDDEV_SAMP(revenue) / SQRT(COUNT(*)) END, 4) AS revenue_error
FROM by_customer
INNER JOIN given ON given.customer_id = by_customer.customer_id AND given.placement = by_customer.placement
GROUP BY given.placement, given.model
ORDER BY given.placement, given.model
"""


NIGHTS = "SELECT DISTINCT run_date FROM published.recommendations WHERE run_date IN ({nights})"


def query(night: date, window_days: int) -> str:
    """What came of the lists of `night` in the `window_days` after it, as standard SQL."""
    until = night + timedelta(days=window_days)
    return QUERY.format(night=night, until=until, window_days=window_days, fillers=FILLERS)


def note(spark: SparkSession, ask: Ask, run_date: date) -> int:
    """Write the results of every window that ends with `run_date`; how many windows had lists."""
    nights = {days: run_date - timedelta(days=days) for days in WINDOWS_DAYS}
    listed = ", ".join(f"DATE'{night}'" for night in nights.values())
    with_lists = set(ask(NIGHTS.format(nights=listed))["run_date"].to_pylist())
    closed = {days: night for days, night in nights.items() if night in with_lists}
    for days, night in closed.items():
        place = f"run_date = DATE'{night}' AND window_days = {days}"
        delta.replace_rows(spark, ask(query(night, days)), catalog.PUBLISHED_RECOMMENDATION_RESULTS, place)
    return len(closed)
