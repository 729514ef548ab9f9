"""Border between the warehouse and the models: every customer once, every cent there.

dbt has tested each mart by itself; this looks at what must agree between them.

Reads   gold.customers, customer_rfm, customer_features, orders, order_lines; silver.pos_order_lines;
        pii.customers (ids only)
Writes  ops.checks
Rerun   the same figures, with a new time
"""

from __future__ import annotations

from datetime import date

from great_expectations.core import ExpectationSuite
from pyspark.sql import SparkSession

from alluvium.job import JobConfig
from expectations.gate import stand
from expectations.measure import Figures, ask
from expectations.rules import between, none

SUITE = ExpectationSuite(
    name="gold",
    expectations=[
        between("customers", least=1),
        none("customers_twice"),
        none("customers_missing"),
        none("scores_out_of_range"),
        none("orders_twice"),
        none("orders_of_unknown_customers"),
        none("lines_without_order"),
        none("till_amount_missing"),
    ],
)


def missing_from(table: str) -> str:
    """Counts the customers that a table by as-of date does not have."""
    return f"""
        (SELECT count(*) FROM gold.customers LEFT ANTI JOIN
            (SELECT customer_id FROM {table} WHERE as_of_date = :as_of_date) USING (customer_id))
    """


QUERIES = {
    "gold.customers": """
        SELECT count(*) AS customers, count(*) - count(DISTINCT customer_id) AS customers_twice
        FROM gold.customers
    """,
    "pii.customers": """
        SELECT count(*) AS customers_missing
        FROM gold.customers LEFT ANTI JOIN pii.customers USING (customer_id)
    """,
    "gold.customer_rfm": f"""
        SELECT
            {missing_from("gold.customer_rfm")} AS customers_missing,
            count_if(least(recency_score, frequency_score, monetary_score) < 1
                OR greatest(recency_score, frequency_score, monetary_score) > 5) AS scores_out_of_range
        FROM gold.customer_rfm
    """,
    "gold.customer_features": f"SELECT {missing_from('gold.customer_features')} AS customers_missing",
    "gold.orders": """
        SELECT
            count(*) - count(DISTINCT order_id) AS orders_twice,
            (SELECT count(*) FROM gold.orders LEFT ANTI JOIN gold.customers USING (customer_id)
                WHERE customer_id IS NOT NULL) AS orders_of_unknown_customers
        FROM gold.orders
    """,
    "gold.order_lines": """
        SELECT
            (SELECT coalesce(sum(amount), 0) FROM silver.pos_order_lines)
                - coalesce(sum(amount) FILTER (WHERE source = 'pos'), 0) AS till_amount_missing,
            (SELECT count(*) FROM gold.order_lines LEFT ANTI JOIN gold.orders USING (order_id))
                AS lines_without_order
        FROM gold.order_lines
    """,
}


def figures(spark: SparkSession, run_date: date) -> Figures:
    """Counts of what must not be, and the money that the till took and gold does not have."""
    return ask(spark, QUERIES, run_date)


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """Stop the night when the marts contradict each other."""
    return stand(spark, SUITE.name, config)
