"""Figures and curves of predictions: how well they rank, how well they are calibrated.

Discrimination and calibration are scikit-learn's; the normalised Gini is Frees, Meyers and Cummings (2011)
with the outcome's own order as the best that can be reached.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
BINS = 10


def _tenths(order: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [part for part in np.array_split(order, BINS) if len(part)]


def of_probabilities(outcome: Numbers, predicted: Numbers) -> dict[str, float]:
    """AUC, average precision, Brier score, expected calibration error, relative difference of totals."""
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    parts = _tenths(np.argsort(predicted, kind="stable"))
    gaps = [len(p) * abs(float(predicted[p].mean() - outcome[p].mean())) for p in parts]
    return {
        "auc": float(roc_auc_score(outcome, predicted)),
        "average_precision": float(average_precision_score(outcome, predicted)),
        "brier": float(brier_score_loss(outcome, predicted)),
        "calibration_error": sum(gaps) / len(outcome),
        "total_bias": _total_bias(outcome, predicted),
    }


def auc(outcome: Numbers, predicted: Numbers) -> float:
    """Area under the ROC curve by ranks, ties counted half (Mann and Whitney 1947)."""
    from scipy.stats import rankdata

    is_event = outcome > 0
    count, others = int(is_event.sum()), int((~is_event).sum())
    return float((rankdata(predicted)[is_event].sum() - count * (count + 1) / 2) / (count * others))


def mae(outcome: Numbers, predicted: Numbers) -> float:
    """Mean absolute error."""
    return float(np.abs(predicted - outcome).mean())


def of_amounts(outcome: Numbers, predicted: Numbers) -> dict[str, float]:
    """MAE and RMSE in money, relative difference of totals, Spearman, normalised Gini, decile error."""
    from scipy.stats import rankdata

    error = predicted - outcome
    ranks = rankdata(outcome), rankdata(predicted)
    # One prediction for everybody ranks nobody.
    spearman = np.corrcoef(*ranks)[0, 1] if np.ptp(predicted) > 0 and np.ptp(outcome) > 0 else 0.0
    return {
        "mae": mae(outcome, predicted),
        "rmse": float(np.sqrt((error**2).mean())),
        "total_bias": _total_bias(outcome, predicted),
        "spearman": float(spearman),
        "gini": _gini(outcome, predicted) / _gini(outcome, outcome),
        "decile_error": _decile_error(outcome, predicted),
    }


def _total_bias(outcome: Numbers, predicted: Numbers) -> float:
    return float(predicted.sum() / outcome.sum() - 1)


def _gini(outcome: Numbers, score: Numbers) -> float:
    """Area between the curve of cumulated outcome, best score first, and the diagonal."""
    cumulated = np.cumsum(outcome[np.argsort(-score, kind="stable")]) / outcome.sum()
    return float(cumulated.mean() - (len(outcome) + 1) / (2 * len(outcome)))


def _decile_error(outcome: Numbers, predicted: Numbers) -> float:
    """Mean relative difference of the totals of each tenth; tenths without any outcome are left out."""
    parts = _tenths(np.argsort(predicted, kind="stable"))
    return float(np.mean([abs(_total_bias(outcome[p], predicted[p])) for p in parts if outcome[p].sum() > 0]))


def calibration(outcome: Numbers, predicted: Numbers) -> list[dict[str, Any]]:
    """Tenths by prediction, lowest first: mean predicted, mean observed, count."""
    return [
        {"predicted": float(predicted[p].mean()), "observed": float(outcome[p].mean()), "count": len(p)}
        for p in _tenths(np.argsort(predicted, kind="stable"))
    ]


def lift(outcome: Numbers, predicted: Numbers) -> list[dict[str, Any]]:
    """Tenths by prediction, highest first: mean outcome over the overall mean, share of all reached."""
    parts = _tenths(np.argsort(-predicted, kind="stable"))
    reached = np.cumsum([outcome[p].sum() for p in parts]) / outcome.sum()
    return [
        {
            "decile": i,
            "lift": float(outcome[p].mean() / outcome.mean()),
            "share_reached": float(share),
            "count": len(p),
        }
        for i, (p, share) in enumerate(zip(parts, reached, strict=True), start=1)
    ]
