"""Border between the night and its readers: nobody missing, nobody twice, nobody without consent.

Reads   published.recommendations, segment_members, segment_runs, audience_drafts; gold.customers, consents
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
from expectations.rules import none

SUITE = ExpectationSuite(
    name="published",
    expectations=[
        none("customers_missing"),
        none("products_twice"),
        none("members_twice"),
        none("members_without_consent"),
        none("segments_held", severity="warn"),
    ],
)

QUERIES = {
    "published.recommendations": """
        SELECT
            (SELECT count(*) FROM gold.customers ANTI JOIN
                (SELECT customer_id FROM published.recommendations WHERE run_date = :run_date)
                USING (customer_id)) AS customers_missing,
            count(*) - count(DISTINCT (customer_id, placement, product_id)) AS products_twice
        FROM published.recommendations WHERE run_date = :run_date
    """,
    "published.segment_members": """
        SELECT count(*) - count(DISTINCT (segment, customer_id)) AS members_twice
        FROM published.segment_members WHERE left_at IS NULL
    """,
    "published.segment_runs": """
        SELECT count_if(status = 'held') AS segments_held
        FROM published.segment_runs WHERE run_date = :run_date
    """,
    "published.audience_drafts": """
        SELECT
            count(*) - count(DISTINCT (segment, platform, customer_id)) AS members_twice,
            (SELECT count(*)
                FROM published.audience_drafts AS members ANTI JOIN gold.consents AS consents
                ON members.customer_id = consents.customer_id AND members.purpose = consents.purpose
                    AND consents.is_current AND consents.status = 'granted'
                WHERE members.run_date = :run_date AND members.move <> 'left') AS members_without_consent
        FROM published.audience_drafts WHERE run_date = :run_date AND move <> 'left'
    """,
}


def figures(settings: Settings, run_date: date) -> Figures:
    """Of what readers see once the night is finished."""
    return ask(settings, QUERIES, run_date)


def run(spark: None, config: JobConfig) -> dict[str, int]:
    """Stop the night before a file goes out, so that it does not count as finished."""
    return stand(SUITE.name, config)
