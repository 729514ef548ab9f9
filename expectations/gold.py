"""Border between the warehouse and the models: every customer once, every cent there.

Each mart keeps what its yml declares, and the marts agree with each other and with the till.

Reads   gold.*, pii.customers (keys and figures only), silver.pos_order_lines
Writes  ops.checks
Rerun   the same figures, with a new time
"""

from __future__ import annotations

from datetime import date

from great_expectations.core import ExpectationSuite

from alluvium.job import JobConfig
from alluvium.settings import Settings
from expectations import declared
from expectations.gate import stand
from expectations.measure import Figures, ask
from expectations.rules import between, none

SUITE = ExpectationSuite(
    name="gold",
    expectations=[
        between("customers", least=1),
        none(declared.FIGURE),
        none("customers_missing"),
        none("orders_twice"),
        none("orders_of_unknown_customers"),
        none("lines_without_order"),
        none("till_amount_missing"),
        none("order_amount_missing"),
        none("daily_amount_missing"),
    ],
)


def missing_from(table: str) -> str:
    """Counts the customers that a table by as-of date does not have."""
    return f"""
        (SELECT count(*) FROM gold.customers ANTI JOIN
            (SELECT customer_id FROM {table} WHERE as_of_date = :as_of_date) USING (customer_id))
    """


QUERIES = {
    "gold.customers": """
        SELECT count(*) AS customers FROM gold.customers
    """,
    "pii.customers": """
        SELECT count(*) AS customers_missing
        FROM gold.customers ANTI JOIN pii.customers USING (customer_id)
    """,
    "gold.customer_rfm": f"SELECT {missing_from('gold.customer_rfm')} AS customers_missing",
    "gold.customer_features": f"SELECT {missing_from('gold.customer_features')} AS customers_missing",
    "gold.orders": """
        SELECT
            count(*) - count(DISTINCT source_order_id) AS orders_twice,
            (SELECT count(*) FROM gold.orders ANTI JOIN gold.customers USING (customer_id)
                WHERE customer_id IS NOT NULL) AS orders_of_unknown_customers,
            (SELECT coalesce(sum(amount), 0) FROM gold.order_lines) - coalesce(sum(order_total), 0)
                AS order_amount_missing
        FROM gold.orders
    """,
    "gold.order_lines": """
        SELECT
            (SELECT coalesce(sum(amount), 0) FROM silver.pos_order_lines)
                - coalesce(sum(amount) FILTER (WHERE source = 'pos'), 0) AS till_amount_missing,
            (SELECT count(*) FROM gold.order_lines ANTI JOIN gold.orders USING (order_id))
                AS lines_without_order
        FROM gold.order_lines
    """,
    "gold.customer_activity_daily": """
        SELECT
            (SELECT coalesce(sum(order_total), 0) FROM gold.orders WHERE customer_id IS NOT NULL)
                - coalesce(sum(spend), 0) AS daily_amount_missing
        FROM gold.customer_activity_daily
    """,
}


def figures(settings: Settings, run_date: date) -> Figures:
    """Counts of what must not be, and the money that one table has and another does not."""
    sound, agreeing = (ask(settings, queries, run_date) for queries in (declared.queries(), QUERIES))
    return {table: sound.get(table, {}) | agreeing.get(table, {}) for table in sorted({*sound, *agreeing})}


def run(spark: None, config: JobConfig) -> dict[str, int]:
    """Stop the night when the marts contradict each other."""
    return stand(SUITE.name, config)
