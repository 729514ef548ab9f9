"""What a night looks at beside its scores: drift of features and scores, and what earlier scores were worth.

A metric with an alert level says that somebody should look; `retrain_*` says that it is time to train again,
and why: the model's age, drift, or decay of its error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from models.common import drift
from models.common.boosting import Manifest, Numbers
from models.common.output import Output

WARN, ALERT = "warn", "alert"
SMALL_SHIFT = 0.1
MISSING_MORE = 0.1  # Share of rows that may lose a value before it is an alert.
STANDARD_ERRORS, RELATIVE = 4.0, 0.25  # Realised and predicted must differ by both to be an alert.
DECAYED = 1.25  # Times the error that was measured when the model was made.
OLDEST_DAYS = 45  # Since the last outcome that the model learned from.
DRIFTED_SHARE = 0.2  # Of the features.
PREDICTION = "prediction"


@dataclass(frozen=True)
class Metric:
    """One figure of one horizon, with an alert level or none."""

    horizon_days: int
    version: str
    name: str
    value: float
    alert: str | None = None


_REALISED = """
    SELECT
        {horizon_days} AS horizon_days,
        MAX(model_version) AS model_version,
        COUNT(*) AS count_customers,
        AVG(predicted) AS predicted,
        AVG(observed) AS observed,
        AVG({error}) AS error,
        STDDEV(observed - predicted) AS spread
    FROM (
        SELECT s.model_version, CAST(s.{prediction} AS DOUBLE) AS predicted, {observed} AS observed
        FROM {scores} AS s
        LEFT JOIN (
            SELECT customer_id, COUNT(*) AS times, CAST(SUM({amount}) AS DOUBLE) AS amount
            FROM {events}
            WHERE {day} >= DATE '{start}' AND {day} < DATE '{end}'
            GROUP BY customer_id
        ) AS o ON o.customer_id = s.customer_id
        WHERE s.as_of_date = DATE '{start}' AND s.horizon_days = {horizon_days} AND s.scored_for = 'model'
    ) AS closed
"""


def realised_query(into: Output, horizons: Sequence[int], as_of_date: date, scores: str, events: str) -> str:
    """One row per horizon: the scores whose window closes today, beside what came. Standard SQL."""
    return " UNION ALL ".join(
        _REALISED.format(
            horizon_days=days,
            start=as_of_date - timedelta(days=days),
            end=as_of_date,
            scores=scores,
            events=events,
            day=into.window.day,
            amount=into.window.amount,
            prediction=into.prediction,
            observed=into.window.observed,
            error="ABS(observed - predicted)" if into.is_money else "POWER(observed - predicted, 2)",
        )
        for days in horizons
    )


def realised(rows: Sequence[Mapping[str, Any]], errors: Mapping[int, float | None]) -> list[Metric]:
    """Metrics of closed windows; `errors` are those that each horizon's model had when it was made."""
    found = []
    for row in rows:
        if not row["count_customers"]:
            continue
        horizon_days, version = row["horizon_days"], row["model_version"]
        gap = abs(row["observed"] - row["predicted"])
        noise = STANDARD_ERRORS * (row["spread"] or 0.0) / np.sqrt(row["count_customers"])
        is_off = gap > noise and gap > RELATIVE * abs(row["observed"])
        usual = errors.get(horizon_days)
        has_decayed = usual is not None and row["error"] > DECAYED * usual
        found += [
            Metric(horizon_days, version, "realised_count", float(row["count_customers"])),
            Metric(horizon_days, version, "realised_predicted", row["predicted"]),
            Metric(horizon_days, version, "realised_observed", row["observed"], ALERT if is_off else None),
            Metric(horizon_days, version, "realised_error", row["error"], ALERT if has_decayed else None),
        ]
    return found


def _shift(psi: float, limit: float) -> str | None:
    if psi > limit:
        return ALERT
    return WARN if psi > max(SMALL_SHIFT, limit / 2) else None


def drifted(manifest: Manifest, version: str, columns: Mapping[str, Numbers]) -> list[Metric]:
    """PSI and missing share of each feature, and PSI of the scores, against those at the training."""
    found = []
    for name, seen in sorted(drift.measure(manifest.reference, columns).items()):
        before = manifest.reference[name]["shares"][-1]
        is_lost = abs(seen["missing"] - before) > MISSING_MORE
        psi, missing = f"psi_{name}", f"missing_{name}"
        alert = _shift(seen["psi"], seen["limit"])
        found.append(Metric(manifest.horizon_days, version, psi, seen["psi"], alert))
        if name != PREDICTION:
            lost = ALERT if is_lost else None
            found.append(Metric(manifest.horizon_days, version, missing, seen["missing"], lost))
    return found


def retraining(manifest: Manifest, version: str, metrics: Sequence[Metric], as_of_date: date) -> list[Metric]:
    """Why to train again, if at all: one metric per reason."""
    age = (as_of_date - manifest.labels_end).days
    shifts = [each for each in metrics if each.name.startswith("psi_")]
    count_shifted = sum(each.alert == ALERT for each in shifts)
    has_decayed = any(each.alert == ALERT for each in metrics if each.name.startswith("realised_"))
    scores_moved = any(each.alert == ALERT for each in shifts if each.name == f"psi_{PREDICTION}")
    reasons = {
        "retrain_time": (age > OLDEST_DAYS, float(age)),
        "retrain_drift": (
            scores_moved or count_shifted > DRIFTED_SHARE * max(len(shifts), 1),
            float(count_shifted),
        ),
        "retrain_decay": (has_decayed, 1.0),
    }
    horizon_days = manifest.horizon_days
    return [Metric(horizon_days, version, name, v, WARN) for name, (is_due, v) in reasons.items() if is_due]
