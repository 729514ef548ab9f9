"""Train the ltv model, judge it against the champion, register it.

Reads   gold.customer_features at monthly cut-offs, gold.orders, gold.customers
Writes  ml.training_sets; a version of ltv_<horizon>d in the registry
Rerun   the same rows and parameters make no second version
"""

from __future__ import annotations

from pyspark.sql import SparkSession

from alluvium.job import JobConfig
from models.common import training
from models.common.task import Task
from models.ltv import evaluate, features

TASK = Task(
    name="ltv",
    purpose="What a customer will spend within the horizon, to know what reaching them may cost.",
    outcome=features.outcome,
    events=features.events,
    baselines=evaluate.baselines,
    is_money=True,
)


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """Train every horizon of params.yml."""
    return training.train(spark, config, TASK)
