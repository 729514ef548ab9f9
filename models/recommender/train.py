"""Race the models of every placement and crown the winners.

Reads   gold.order_lines, gold.products, before run_date + 1
Writes  MLflow: experiment `recommender`, registered models `recommender_<placement>` with alias `champion`
Rerun   the same figures and winners, as a new version
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import SparkSession

from alluvium import catalog
from alluvium.job import JobConfig
from alluvium.lake import delta
from models.recommender import features, params, tracking
from models.recommender.purchases import Purchases
from models.recommender.race import race


def learned(results: Mapping[str, Any], purchases: Purchases) -> dict[str, bytes | None]:
    """What the winner of each placement learns from all days, for the nights until the next race."""
    won = {name: result["champion"] for name, result in results["placements"].items()}
    models = {name: result["models"] for name, result in results["placements"].items()}
    return {name: params.train(model, models[name][model], purchases) for name, model in won.items()}


def run(spark: SparkSession, config: JobConfig) -> Mapping[str, int]:
    """Read once, race, learn, log. Counts: customers and products seen, models measured."""
    placements = params.load_all()
    purchases = features.read(spark, config.settings, config.as_of_date)
    results = race(purchases, placements, tracking.incumbents(config.settings))
    notes = {
        "run_date": str(config.run_date),
        "order_lines_version": str(delta.version(spark, catalog.GOLD_ORDER_LINES)),
        "products_version": str(delta.version(spark, catalog.GOLD_PRODUCTS)),
        "purchase_days": str(len(purchases.day)),
    }
    trained = learned(results, purchases)
    tracking.log_race(results, config.run_date, config.settings, notes, trained)
    customers, products = purchases.shape
    return {"customers": customers, "products": products, "models": sum(len(p.models) for p in placements)}
