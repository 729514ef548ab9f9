"""Score Arrow batches: all horizons in one pass over a customer's features.

What runs here runs on the workers and on the driver alike, and therefore imports little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from models.common import base_rate, boosting, intervals, reasons, speaking
from models.common.boosting import Manifest, Numbers
from models.common.btyd import customers
from models.common.btyd.customers import Column, ValueModel
from models.common.population import LAPSED, LAST_ORDER, NO_CONSENT, NO_HISTORY, orders_column

if TYPE_CHECKING:
    from xgboost import Booster

IS_ALLOWED = "is_profiling_allowed"
SCORED = pa.schema(
    [
        ("customer_id", pa.string()),
        ("horizon_days", pa.int32()),
        ("prediction", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("predicted_orders", pa.float64()),
        ("is_extrapolated", pa.bool_()),
        ("scored_for", pa.string()),
        ("reason_code", pa.string()),
        ("reasons", pa.list_(pa.string())),
        ("reasons_kind", pa.string()),
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


@dataclass(frozen=True)
class Telling:
    """How scores are told: predictions to so many digits, at most `highest`; reasons exact or approximate;
    and for which horizons BG/NBD of the first champion, if it has one, goes beyond what was ever observed.
    """

    digits: int
    highest: float = float("inf")
    reasons_kind: str = reasons.EXACT
    extrapolated: tuple[int, ...] = ()


def needed(champions: Sequence[Champion]) -> list[str]:
    """The columns of gold.customer_features that the champions and their populations need, by name."""
    names = {LAST_ORDER}
    for champion in champions:
        names |= {*speaking.needed(champion.manifest), orders_column(champion.manifest.active_days)}
    return sorted(names)


def score_batches(
    batches: Iterator[pa.RecordBatch], champions: Sequence[Champion], telling: Telling
) -> Iterator[pa.RecordBatch]:
    """One row (see SCORED) per customer and horizon.

    A batch has customer_id, is_profiling_allowed, and the features as doubles, missing as null. The boosters
    are read once per task; their manifests say which columns go in and in which order.
    """
    boosters = [boosting.from_bytes(champion.content)[0] for champion in champions]
    for batch in batches:
        for champion, booster in zip(champions, boosters, strict=True):
            yield _scored(batch, champion, booster, telling)
        if known := speaking.value_model(champions[0].manifest):
            for horizon_days in telling.extrapolated:
                yield _extrapolated(batch, champions[0], known, horizon_days, telling)


def for_tonight(champions: Sequence[Champion], everybody: pa.Table) -> list[Champion]:
    """The champions with the base rate of the night, which `everybody`, or a sample, tells.

    Columns as in a batch of `score_batches`.
    """
    if not everybody.num_rows or not any(champion.manifest.base_rate for champion in champions):
        return list(champions)
    batch = everybody.combine_chunks().to_batches()[0]
    found = []
    for champion in champions:
        is_asked = pa.array(why_not(batch, champion.manifest.active_days) == "")
        booster, _ = boosting.from_bytes(champion.content)
        manifest = base_rate.as_of(champion.manifest, booster, _column(batch.filter(is_asked)))
        found.append(replace(champion, manifest=manifest))
    return found


def _column(batch: pa.RecordBatch) -> Column:
    def numbers(name: str) -> Numbers:
        found: Numbers = batch.column(name).to_numpy(zero_copy_only=False)
        return found.astype(np.float64, copy=False)

    return numbers


def why_not(batch: pa.RecordBatch, active_days: int) -> np.ndarray:
    """Why the model cannot speak of each customer; empty where it can."""
    column = _column(batch)
    is_allowed = batch.column(IS_ALLOWED).fill_null(False).to_numpy(zero_copy_only=False)
    has_history = ~np.isnan(column(LAST_ORDER))
    is_active = np.nan_to_num(column(orders_column(active_days))) > 0
    return np.select([~is_allowed, ~has_history, ~is_active], [NO_CONSENT, NO_HISTORY, LAPSED], "")


def _record(batch: pa.RecordBatch, why: np.ndarray, told: dict[str, Any], digits: int) -> pa.RecordBatch:
    """A row per customer; what is told of it, and nothing of the rest of SCORED."""
    count = len(why)
    nothing = {field.name: pa.nulls(count, field.type) for field in SCORED}
    # More digits are noise, and would differ between machines.
    rounded = {name: np.round(told[name], digits) for name in ("prediction", "low", "high") if name in told}
    columns = {
        **nothing,
        "customer_id": batch.column("customer_id"),
        "scored_for": np.where(why == "", FOR_MODEL, FOR_PRIOR),
        "reason_code": pa.array(why, mask=why == ""),
        **told,
        **rounded,
    }
    filled = [
        pa.array(columns[field.name], field.type, from_pandas=field.type == pa.float64())
        if not isinstance(columns[field.name], pa.Array)
        else columns[field.name]
        for field in SCORED
    ]
    return pa.record_batch(filled, schema=SCORED)


def _spread(values: Numbers, is_asked: np.ndarray) -> Numbers:
    """Values of those who were asked, NaN for the others."""
    found = np.full(len(is_asked), np.nan)
    found[is_asked] = values
    return found


def _scored(batch: pa.RecordBatch, champion: Champion, booster: Booster, telling: Telling) -> pa.RecordBatch:
    manifest = champion.manifest
    why = why_not(batch, manifest.active_days)
    is_asked = why == ""
    column = _column(batch.filter(pa.array(is_asked)))
    matrix = speaking.values(column, manifest.features)
    spoken = speaking.blended(boosting.predict(booster, matrix), manifest, column)
    prediction = np.array([manifest.priors.get(reason, np.nan) for reason in why], dtype=np.float64)
    prediction[is_asked] = spoken
    told: dict[str, Any] = {
        "horizon_days": np.full(len(why), manifest.horizon_days, dtype=np.int32),
        "prediction": prediction,
        "is_extrapolated": np.zeros(len(why), dtype=bool),
        "model_version": [champion.number] * len(why),
    }
    if manifest.interval:
        low, high = intervals.apply(manifest.interval, spoken, telling.highest)
        told |= {"low": _spread(low, is_asked), "high": _spread(high, is_asked)}
    if known := speaking.value_model(manifest):
        orders = np.round(customers.expected_orders(known, column, manifest.horizon_days), 3)
        told["predicted_orders"] = _spread(orders, is_asked)
    if manifest.words:
        names = [manifest.words[name] for name in manifest.features]
        said = iter(reasons.of_rows(booster, matrix, names, telling.reasons_kind))
        told["reasons"] = [next(said) if asked else None for asked in is_asked]
        told["reasons_kind"] = [telling.reasons_kind if asked else None for asked in is_asked]
    return _record(batch, why, told, telling.digits)


def _extrapolated(
    batch: pa.RecordBatch, champion: Champion, known: ValueModel, horizon_days: int, telling: Telling
) -> pa.RecordBatch:
    """BG/NBD and Gamma-Gamma of everybody who ever bought; the others get the prior, stretched."""
    manifest = champion.manifest
    why = why_not(batch, manifest.active_days)
    why = np.where(why == LAPSED, "", why)
    is_asked = why == ""
    column = _column(batch.filter(pa.array(is_asked)))
    stretched = horizon_days / manifest.horizon_days
    prediction = np.array([stretched * manifest.priors.get(each, np.nan) for each in why], dtype=np.float64)
    prediction[is_asked] = customers.expected_spend(known, column, horizon_days)
    orders = np.round(customers.expected_orders(known, column, horizon_days), 3)
    told = {
        "horizon_days": np.full(len(why), horizon_days, dtype=np.int32),
        "prediction": prediction,
        "predicted_orders": _spread(orders, is_asked),
        "is_extrapolated": np.ones(len(why), dtype=bool),
        "model_version": [champion.number] * len(why),
    }
    return _record(batch, why, told, telling.digits)
