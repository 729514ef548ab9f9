"""What a DAG hands to the next one. An asset event carries the run date as its partition key.

An asset is written by the gate behind a layer, never by the task that fills it: the next DAG starts when the
layer was found good, not when it is there.
"""

from __future__ import annotations

from airflow.sdk import Asset

BRONZE = Asset(name="bronze", uri="alluvium://lake/bronze", group="alluvium")
GOLD = Asset(name="gold", uri="alluvium://lake/gold", group="alluvium")
MODELS = Asset(name="models", uri="alluvium://mlflow/models", group="alluvium")
SCORES = Asset(name="scores", uri="alluvium://lake/ml", group="alluvium")
PUBLISHED = Asset(name="published", uri="alluvium://lake/published", group="alluvium")
