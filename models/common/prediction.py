"""Score Arrow batches: all horizons in one pass over a customer's features.

What runs here runs on the workers and on the driver alike, and therefore imports little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from models.common import boosting
from models.common.boosting import Manifest
from models.common.features import Matrix
from models.common.population import LAPSED, LAST_ORDER, NO_CONSENT, NO_HISTORY, orders_column

if TYPE_CHECKING:
    from xgboost import Booster

IS_ALLOWED = "is_profiling_allowed"
SCORED = pa.schema(
    [
        ("customer_id", pa.string()),
        ("horizon_days", pa.int32()),
        ("prediction", pa.float64()),
        ("scored_for", pa.string()),
        ("reason_code", pa.string()),
        ("model_version", pa.string()),
    ]
)
FOR_MODEL, FOR_PRIOR = "model", "prior"


@dataclass(frozen=True)
class Champion:
    """A champion whose file was found sound: what goes to whoever scores."""

    number: str
    content: bytes
    manifest: Manifest


def needed(champions: Sequence[Champion]) -> list[str]:
    """The columns of gold.customer_features that the champions and their populations need, by name."""
    names = {LAST_ORDER}
    for champion in champions:
        names |= {*champion.manifest.features, orders_column(champion.manifest.active_days)}
    return sorted(names)


def score_batches(
    batches: Iterator[pa.RecordBatch], champions: Sequence[Champion], digits: int
) -> Iterator[pa.RecordBatch]:
    """One row (see SCORED) per customer and champion, predictions rounded to so many digits.

    A batch has customer_id, is_profiling_allowed, and the features as doubles, missing as null. The boosters
    are read once per task; their manifests say which columns go in and in which order.
    """
    boosters = [boosting.from_bytes(champion.content)[0] for champion in champions]
    for batch in batches:
        for champion, booster in zip(champions, boosters, strict=True):
            yield _scored(batch, champion, booster, digits)


def _numbers(batch: pa.RecordBatch, name: str) -> boosting.Numbers:
    found: boosting.Numbers = batch.column(name).to_numpy(zero_copy_only=False)
    return found.astype(np.float64, copy=False)


def reasons(batch: pa.RecordBatch, active_days: int) -> np.ndarray:
    """Why the model cannot speak of each customer; empty where it can."""
    is_allowed = batch.column(IS_ALLOWED).fill_null(False).to_numpy(zero_copy_only=False)
    has_history = ~np.isnan(_numbers(batch, LAST_ORDER))
    is_active = np.nan_to_num(_numbers(batch, orders_column(active_days))) > 0
    return np.select([~is_allowed, ~has_history, ~is_active], [NO_CONSENT, NO_HISTORY, LAPSED], "")


def _matrix(batch: pa.RecordBatch, names: Sequence[str]) -> Matrix:
    return np.column_stack([_numbers(batch, name).astype(np.float32) for name in names])


def _scored(batch: pa.RecordBatch, champion: Champion, booster: Booster, digits: int) -> pa.RecordBatch:
    manifest = champion.manifest
    why = reasons(batch, manifest.active_days)
    is_asked = why == ""
    prediction = np.array([manifest.priors.get(reason, np.nan) for reason in why], dtype=np.float64)
    asked = batch.filter(pa.array(is_asked))
    prediction[is_asked] = boosting.predict(booster, _matrix(asked, manifest.features))
    columns = {
        "customer_id": batch.column("customer_id"),
        "horizon_days": np.full(len(why), manifest.horizon_days, dtype=np.int32),
        # More digits are noise, and would differ between machines.
        "prediction": np.round(prediction, digits),
        "scored_for": np.where(is_asked, FOR_MODEL, FOR_PRIOR),
        "reason_code": pa.array(why, mask=is_asked),
        "model_version": [champion.number] * len(why),
    }
    return pa.record_batch([pa.array(columns[field.name], field.type) for field in SCORED], schema=SCORED)
