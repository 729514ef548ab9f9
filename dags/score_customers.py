"""Scores every customer with the champions: churn, lifetime value, coupons, clusters, recommendations.

Runs when gold was found good. Safe to rerun for any date.
When it fails: infra/runbooks/score_customers.md
"""

from airflow.sdk import PartitionedAssetTimetable, chain, dag

from dags.common.assets import GOLD, MODELS, SCORES
from dags.common.defaults import NIGHTLY
from dags.common.tasks import expect, job, report


@dag(schedule=PartitionedAssetTimetable(assets=GOLD), doc_md=__doc__, tags=["tier_1"], **NIGHTLY)
def score_customers() -> None:
    """One after the other: each of them uses every core."""
    chain(
        job("churn.score", inlets=[MODELS]),
        job("ltv.score", inlets=[MODELS]),
        job("coupon.score", inlets=[MODELS]),
        job("clusters.assign", inlets=[MODELS]),
        job("recommender.score", inlets=[MODELS]),
        expect("ml", outlets=[SCORES]),
        report(only_after_failure=True),
    )


score_customers()
