"""From scores to the columns of a model's table, on the driver as Arrow and on the workers as a DataFrame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from alluvium.table import Table
from models.common import local
from models.common.prediction import FOR_MODEL

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

TENTHS = 10


@dataclass(frozen=True)
class Window:
    """What is observed of a prediction once its window closed: rows of a table by their day, and SQL over
    their number and amount, `o.times` and `o.amount`, which are null when there were none.
    """

    table: Table
    day: str
    amount: str
    observed: str


@dataclass(frozen=True)
class Output:
    """A model, its table, what it calls a prediction and its tenth, to how many digits it publishes, and
    what is observed in the end.
    """

    model: str
    table: Table
    prediction: str
    decile: str
    digits: int
    window: Window
    is_money: bool

    @property
    def highest(self) -> float:
        """The highest that a prediction can be."""
        return float("inf") if self.is_money else 1.0

    def name(self, column: str) -> str:
        """The table's name of a column of the scores."""
        own = {"prediction": self.prediction, "decile": self.decile}
        own |= {end: f"{self.prediction}_{end}" for end in ("low", "high")}
        return own.get(column, column)


def deciles(scores: pa.Table) -> pa.Array:
    """Tenth among those of a horizon whom the model speaks of, 1 highest; ties go by customer id."""
    tenths = np.zeros(scores.num_rows, dtype=np.int32)
    spoken = scores["scored_for"].to_numpy() == FOR_MODEL
    horizons = scores["horizon_days"].to_numpy()
    for horizon_days in np.unique(horizons):
        rows = np.flatnonzero(spoken & (horizons == horizon_days))
        ids = scores["customer_id"].take(rows).to_numpy()
        highest_first = rows[np.lexsort((ids, -scores["prediction"].take(rows).to_numpy()))]
        for tenth, members in enumerate(np.array_split(highest_first, TENTHS), start=1):
            tenths[members] = tenth
    return pa.array(tenths, mask=~spoken)


def as_arrow(scores: pa.Table, output: Output, literals: Mapping[str, Any]) -> pa.Table:
    """The table's rows; `literals` are values that all of them share."""
    whole = scores.append_column("decile", deciles(scores))
    own = {output.name(name): whole[name] for name in whole.column_names}
    return local.shaped({**own, **literals}, scores.num_rows, output.table)


def as_frame(scores: DataFrame, output: Output, literals: Mapping[str, Any]) -> DataFrame:
    """The same rows as `as_arrow` gives."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    highest_first = Window.partitionBy("horizon_days", "scored_for").orderBy(
        F.desc("prediction"), "customer_id"
    )
    decile = F.when(F.col("scored_for") == FOR_MODEL, F.ntile(TENTHS).over(highest_first))
    whole = scores.withColumn("decile", decile)
    return whole.select(
        *[F.col(name).alias(output.name(name)) for name in whole.columns],
        *[F.lit(value).alias(name) for name, value in literals.items()],
    )


def spark_schema(schema: pa.Schema) -> str:
    """The schema of scores as Spark's DDL."""
    kinds = {
        pa.string(): "string",
        pa.int32(): "int",
        pa.float64(): "double",
        pa.bool_(): "boolean",
        pa.list_(pa.string()): "array<string>",
    }
    return ", ".join(f"{field.name} {kinds[field.type]}" for field in schema)
