"""Border between identity and the warehouse: every record is one customer's, and ids are stable.

Reads   identity.customer_records, identity.changes, pii.identity_records (keys only)
Writes  ops.checks
Rerun   the same figures, with a new time
"""

from __future__ import annotations

from datetime import date

from great_expectations.core import ExpectationSuite

from alluvium.job import JobConfig
from alluvium.settings import Settings
from expectations.gate import stand
from expectations.measure import Figures, ask
from expectations.rules import between, none

CURRENT = "(SELECT * FROM identity.customer_records WHERE tier = 'strict' AND is_current)"

SUITE = ExpectationSuite(
    name="identity",
    expectations=[
        none("records_twice"),
        none("records_without_customer"),
        # One person with hundreds of records is a placeholder that glued strangers together.
        between("largest_customer", most=500),
        between("largest_customer", most=100, severity="warn"),
        between("ended_share", most=0.3),
        between("ended_share", most=0.05, severity="warn"),
    ],
)

QUERIES = {
    "identity.customer_records": f"""
        SELECT
            (SELECT count(*) - count(DISTINCT record_key) FROM {CURRENT}) AS records_twice,
            (SELECT max(records) FROM (SELECT count(*) AS records FROM {CURRENT} GROUP BY customer_id))
                AS largest_customer
    """,
    "pii.identity_records": f"""
        SELECT count(*) AS records_without_customer
        FROM pii.identity_records ANTI JOIN {CURRENT} USING (record_key)
    """,
    "identity.changes": f"""
        SELECT
            count(DISTINCT customer_id) / (SELECT greatest(count(DISTINCT customer_id), 100) FROM {CURRENT})
                AS ended_share
        FROM identity.changes
        WHERE run_date = :run_date AND tier = 'strict' AND change IN ('merged', 'retired')
    """,
}


def figures(settings: Settings, run_date: date) -> Figures:
    """Of the strict tier, which the golden record uses; `ended_share` is of the customers there are."""
    return ask(settings, QUERIES, run_date)


def run(spark: None, config: JobConfig) -> dict[str, int]:
    """Stop the night when people were lost, doubled or glued together."""
    return stand(SUITE.name, config)
