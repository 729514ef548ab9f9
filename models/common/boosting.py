"""Fit trees, and carry what they need in the same file: a booster with a manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.common.features import Matrix
from models.common.params import Rounds

if TYPE_CHECKING:
    from xgboost import Booster

MANIFEST = "alluvium_manifest"
# A leaf must hold this share of the rows at most: what suits thousands of customers would leave a shop of
# a few hundred with a single leaf, the same prediction for everybody.
LEAF_SHARE = 0.004
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Manifest:
    """What a booster was made of, and what to say of customers that it cannot speak about.

    `labels_end` is the first day after the newest outcome it was fitted on. `priors` maps a reason
    (no_history, no_consent, lapsed) to the mean outcome of that group. `weights` are the shares of the
    trees and of what else speaks (see speaking) in a prediction, `value` the parameters of BG/NBD and
    Gamma-Gamma (see btyd.customers).
    `interval` says how far off a prediction may be (see intervals), `words` what the features are called,
    `reference` how they and the
    predictions were spread when it was made (see drift), `error` how far off it was on the held-out cut-off:
    mean absolute error of money, Brier score of a probability. `base_rate` says how often the event comes at
    all (see base_rate), `shift` by how much it moves the log-odds of one day; a file holds no shift.
    """

    model: str
    horizon_days: int
    active_days: int
    features: tuple[str, ...]
    labels_end: date
    priors: Mapping[str, float]
    weights: Mapping[str, float] = field(default_factory=lambda: {"trees": 1.0})
    value: Mapping[str, Any] | None = None
    interval: Mapping[str, list[float]] | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    reference: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    error: float | None = None
    base_rate: Mapping[str, Any] | None = None
    shift: float = 0.0

    def to_json(self) -> str:
        """As a text that a booster can hold."""
        return json.dumps({**asdict(self), "labels_end": self.labels_end.isoformat()}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """The inverse of to_json."""
        found: dict[str, Any] = json.loads(text)
        found["labels_end"] = date.fromisoformat(found["labels_end"])
        found["features"] = tuple(found["features"])
        return cls(**found)


def _training_matrix(values: Matrix, outcome: Numbers) -> Any:
    from xgboost import DMatrix

    return DMatrix(values, label=outcome, nthread=1)


def for_rows(parameters: Mapping[str, Any], count_rows: int) -> dict[str, Any]:
    """The parameters with a `min_child_weight` that a small shop can bear; never above the given one."""
    given = float(parameters.get("min_child_weight", 1))
    return {**parameters, "min_child_weight": min(given, max(1.0, LEAF_SHARE * count_rows))}


def count_trees(
    parameters: Mapping[str, Any],
    rounds: Rounds,
    fitting: tuple[Matrix, Numbers],
    stopping: tuple[Matrix, Numbers],
) -> tuple[int, Numbers]:
    """How many trees do best on a later cut-off, and what they predict there."""
    import xgboost

    booster = xgboost.train(
        for_rows(parameters, len(fitting[1])),
        _training_matrix(*fitting),
        num_boost_round=rounds.most,
        evals=[(_training_matrix(*stopping), "stopping")],
        early_stopping_rounds=rounds.patience,
        verbose_eval=False,
    )
    best = int(booster.best_iteration) + 1
    predicted = booster.predict(_training_matrix(*stopping), iteration_range=(0, best))
    return best, np.maximum(predicted.astype(np.float64), 0.0)


def fit(parameters: Mapping[str, Any], trees: int, values: Matrix, outcome: Numbers) -> Booster:
    """Fit so many trees."""
    import xgboost

    parameters = for_rows(parameters, len(outcome))
    return xgboost.train(parameters, _training_matrix(values, outcome), num_boost_round=trees)


def predict(booster: Booster, values: Matrix) -> Numbers:
    """Predictions, never below zero: neither probabilities nor money can be."""
    from xgboost import DMatrix

    if not len(values):
        return np.empty(0)
    return np.maximum(booster.predict(DMatrix(values), validate_features=False).astype(np.float64), 0.0)


def to_bytes(booster: Booster, manifest: Manifest) -> bytes:
    """The booster in XGBoost's own binary format (UBJSON), with its manifest inside."""
    booster.feature_names = list(manifest.features)
    booster.set_attr(**{MANIFEST: manifest.to_json()})
    return bytes(booster.save_raw("ubj"))


def from_bytes(content: bytes) -> tuple[Booster, Manifest]:
    """The inverse of to_bytes; raises ValueError when the bytes are no booster of ours."""
    from xgboost import Booster
    from xgboost.core import XGBoostError

    booster = Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(content))
    except XGBoostError as error:
        raise ValueError("not a booster in XGBoost's format") from error
    manifest = booster.attr(MANIFEST)
    if manifest is None:
        raise ValueError("a booster without our manifest")
    return booster, Manifest.from_json(manifest)


def importance(booster: Booster, features: Sequence[str], count: int = 15) -> list[dict[str, Any]]:
    """The features that gain most, as shares of the whole gain."""
    gains: dict[str, Any] = booster.get_score(importance_type="total_gain")
    total = sum(gains.values()) or 1.0
    ranked = sorted(
        ((gains.get(name, 0.0) / total, name) for name in features), key=lambda pair: (-pair[0], pair[1])
    )
    return [{"feature": name, "gain": round(gain, 4)} for gain, name in ranked[:count]]
