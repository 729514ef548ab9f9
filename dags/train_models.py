"""Trains challengers for every score and the recommendations; a gate decides who becomes champion.

Runs every Sunday morning on the last finished night, and inside a night with `alluvium night --train`.
When it fails: infra/runbooks/train_models.md
"""

from airflow.sdk import chain, dag

from dags.common.assets import GOLD, MODELS
from dags.common.defaults import NIGHTLY, for_all_days_before
from dags.common.tasks import job


@dag(schedule=for_all_days_before("0 6 * * SUN"), doc_md=__doc__, tags=["tier_2"], **NIGHTLY)
def train_models() -> None:
    """Features at the training cut-offs first: one dbt invocation for all of them."""
    chain(
        job("common.training_features", inlets=[GOLD]),
        job("churn.train"),
        job("ltv.train"),
        job("coupon.train"),
        job("clusters.train"),
        job("recommender.train", outlets=[MODELS]),
    )


train_models()
