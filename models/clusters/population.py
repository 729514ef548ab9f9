"""Whom the clusters speak of: customers who bought in the last 90 days and may be profiled."""

from __future__ import annotations

import polars as pl

from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake import lake_sql
from models.clusters.features import ACTIVE, COLUMNS
from models.common.population import LAPSED, LAST_ORDER, NO_CONSENT, NO_HISTORY

MOST_CUSTOMERS = 2_000_000

QUERY = f"""
SELECT customer_id, coalesce(customers.is_profiling_allowed, false) AS is_allowed,
    {", ".join(f"{column}::DOUBLE AS {column}" for column in COLUMNS)}
FROM gold.customer_features AS features JOIN gold.customers AS customers USING (customer_id)
WHERE features.as_of_date = $as_of ORDER BY customer_id
"""


def read(config: JobConfig) -> pl.DataFrame:
    """Every customer at the as-of date, with `reason` why no cluster can be given; null for who can have one.

    Raises AlluviumError when there are more than MOST_CUSTOMERS.
    """
    asked = lake_sql.kept(view := lake_sql.View(config.settings))
    answer = lake_sql.answer(asked, view, f"{QUERY} LIMIT {MOST_CUSTOMERS + 1}", {"as_of": config.as_of_date})
    rows = pl.DataFrame(answer.to_arrow_table())
    if rows.height > MOST_CUSTOMERS:
        raise AlluviumError(f"More than {MOST_CUSTOMERS:,} customers", where="gold.customer_features")
    reason = (
        pl.when(~pl.col("is_allowed"))
        .then(pl.lit(NO_CONSENT))
        .when(pl.col(LAST_ORDER).is_null())
        .then(pl.lit(NO_HISTORY))
        .when(pl.col(ACTIVE).fill_null(0) == 0)
        .then(pl.lit(LAPSED))
    )
    return rows.with_columns(reason.alias("reason"))
