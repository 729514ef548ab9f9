"""Train the coupon model, judge it against the champion, register it.

Reads   gold.customer_features at monthly cut-offs, gold.coupon_redemptions, gold.orders, gold.customers
Writes  ml.training_sets; a version of coupon_<horizon>d in the registry
Rerun   the same rows and parameters make no second version
"""

from __future__ import annotations

from pyspark.sql import SparkSession

from alluvium.job import JobConfig
from models.common import training
from models.common.task import Task
from models.coupon import evaluate, features

TASK = Task(
    name="coupon",
    purpose="Who will redeem a coupon within the horizon, to send coupons where they are used.",
    outcome=features.outcome,
    events=features.events,
    baselines=evaluate.baselines,
    is_money=False,
)


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """Train every horizon of params.yml; a shop without coupons gets no model and no failure."""
    return training.train(spark, config, TASK)
