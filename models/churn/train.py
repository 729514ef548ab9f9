"""Train the churn model, judge it against the champion, register it.

Reads   gold.customer_features at monthly cut-offs, gold.orders, gold.customers
Writes  ml.training_sets; a version of churn_<horizon>d in the registry
Rerun   the same rows and parameters make no second version
"""

from __future__ import annotations

from pyspark.sql import SparkSession

from alluvium.job import JobConfig
from models.churn import evaluate, features
from models.common import training
from models.common.task import Task

TASK = Task(
    name="churn",
    purpose="Who will buy nothing within the horizon, to reach them before they are gone.",
    outcome=features.outcome,
    events=features.events,
    baselines=evaluate.baselines,
    is_money=False,
)


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """Train every horizon of params.yml."""
    return training.train(spark, config, TASK)
