"""Border between the models and publishing: every customer has a score that can be one.

Reads   ml.churn_scores, ml.ltv_scores, ml.recommendation_candidates of the as-of date; gold.customers
Writes  ops.checks
Rerun   the same figures, with a new time
"""

from __future__ import annotations

from datetime import date

from great_expectations.core import ExpectationSuite

from alluvium.job import JobConfig
from alluvium.settings import Settings
from expectations.gate import stand
from expectations.gold import missing_from
from expectations.measure import Figures, ask
from expectations.rules import between, none

SUITE = ExpectationSuite(
    name="ml",
    expectations=[
        none("customers_missing"),
        none("scores_twice"),
        none("scores_out_of_range"),
        none("ranks_twice"),
        # A model that says the same of everybody has lost its features.
        between("mean_probability", least=0.01, most=0.99, severity="warn"),
    ],
)

QUERIES = {
    "ml.churn_scores": f"""
        SELECT
            {missing_from("ml.churn_scores")} AS customers_missing,
            count(*) - count(DISTINCT (customer_id, horizon_days)) AS scores_twice,
            count_if(churn_probability IS NULL OR churn_probability NOT BETWEEN 0 AND 1)
                AS scores_out_of_range,
            avg(churn_probability) AS mean_probability
        FROM ml.churn_scores WHERE as_of_date = :as_of_date
    """,
    "ml.ltv_scores": f"""
        SELECT
            {missing_from("ml.ltv_scores")} AS customers_missing,
            count(*) - count(DISTINCT (customer_id, horizon_days)) AS scores_twice,
            count_if(predicted_spend IS NULL OR predicted_spend < 0) AS scores_out_of_range
        FROM ml.ltv_scores WHERE as_of_date = :as_of_date
    """,
    "ml.recommendation_candidates": """
        SELECT count(*) - count(DISTINCT (customer_id, placement, rank)) AS ranks_twice
        FROM ml.recommendation_candidates WHERE as_of_date = :as_of_date
    """,
}
# A shop without coupons has no such scores, and may lack the table.
OF_COUPONS = {
    "ml.coupon_scores": f"""
        SELECT
            if(count(*) = 0, 0, {missing_from("ml.coupon_scores")}) AS customers_missing,
            count(*) - count(DISTINCT (customer_id, horizon_days)) AS scores_twice,
            count_if(redemption_probability IS NULL OR redemption_probability NOT BETWEEN 0 AND 1)
                AS scores_out_of_range
        FROM ml.coupon_scores WHERE as_of_date = :as_of_date
    """,
}


def figures(settings: Settings, run_date: date) -> Figures:
    """Of the scores that this night wrote."""
    has_coupons = (settings.lake / "ml" / "coupon_scores").is_dir()
    return ask(settings, QUERIES | (OF_COUPONS if has_coupons else {}), run_date)


def run(spark: None, config: JobConfig) -> dict[str, int]:
    """Stop the night when scores are missing or impossible."""
    return stand(SUITE.name, config)
