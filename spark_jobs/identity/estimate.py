"""Estimate the match model without labels.

How often the fields of one person agree comes from recordlinkage's ECM (expectation, conditional
maximisation) over the candidate pairs, how often those of two people do from pairs drawn at random.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from recordlinkage import ECMClassifier
from recordlinkage.algorithms.nb_sklearn import ECM

from spark_jobs.identity.compare import FIELDS, Levels
from spark_jobs.identity.model import Floats, Model

MATCH = 1
STARTING_SHARE = 0.2  # of candidate pairs that match, where the estimation starts
DIFFERENT_SHARE = 0.05  # of a person's records that disagree in a field, where the estimation starts
SMALLEST_SHARE = 1e-9


class _LevelECM(ECM):
    """recordlinkage's ECM over levels instead of yes and no: only where the estimation starts is ours."""

    def __init__(self, chance: dict[int, Floats], max_iter: int, atol: float) -> None:
        super().__init__(init="jaro", max_iter=max_iter, binarize=None, atol=atol)
        self.chance = chance
        self._log_shares: Floats = np.empty((2, 0))

    @property
    def feature_log_prob_(self) -> Floats:
        """Log share of each level by class. Never of zero: 0 times minus infinity is NaN in the E step."""
        return self._log_shares

    @feature_log_prob_.setter
    def feature_log_prob_(self, value: Floats) -> None:
        self._log_shares = np.maximum(value, np.log(SMALLEST_SHARE))

    def _init_parameters_jaro(self, X_bin: NDArray[Any]) -> tuple[Floats, Floats]:
        columns = []
        for field, binarizer in enumerate(self._binarizers):
            observed = binarizer.classes_.astype(int)
            columns.append(
                np.vstack([self.chance[field][observed], _starting_m(len(self.chance[field]))[observed]])
            )
        parameters = np.hstack(columns)
        assert parameters.shape[1] == X_bin.shape[1]
        return np.log([1 - STARTING_SHARE, STARTING_SHARE]), np.log(parameters)


def _starting_m(count: int) -> Floats:
    """Agreement gets the likelier the higher the level; missing is as likely as anything."""
    ranks = np.arange(count, dtype=float)
    likely = np.where(ranks >= 2, 2.0**ranks, 0.0)
    m = likely / max(likely.sum(), 1.0) * (1 - DIFFERENT_SHARE)
    m[0], m[1] = 0.2, DIFFERENT_SHARE
    return m / m.sum()


def shares(levels: Levels, weights: Floats | None = None) -> dict[int, Floats]:
    """Share of each level among pairs, by number of the field; half a pair is added so that none is 0."""
    found = {}
    for field, names in enumerate(FIELDS.values()):
        counts = np.bincount(levels[:, field], weights=weights, minlength=len(names)) + 0.5
        found[field] = counts / counts.sum()
    return found


def _without_missing(share: Floats) -> Floats:
    return np.concatenate([[0.0], share[1:] / share[1:].sum()])


def estimate(candidates: Levels, random: Levels, count_records: int, has_families: bool) -> Model:
    """Fit on the levels of candidate pairs and of random pairs of the same records.

    The candidates should not contain pairs that contradict each other. The random pairs stand for all that
    were not compared, and keep the estimation from finding two kinds of matches where candidates hold little
    else.

    Raises ValueError when there are no candidates to learn from.
    """
    if not len(candidates):
        raise ValueError("no candidate pairs")
    chance = shares(random)
    classifier = ECMClassifier()
    classifier.kernel = _LevelECM(chance, max_iter=200, atol=1e-5)
    with np.errstate(divide="ignore"):
        classifier.kernel.fit(np.concatenate([candidates, random]))
    matches = classifier.kernel.predict_proba(candidates)[:, MATCH]
    same = shares(candidates, matches)
    all_pairs = max(count_records * (count_records - 1) / 2, 1.0)
    prior = float(np.clip(matches.sum() / all_pairs, 1e-12, 0.5))
    return Model(_named(same), _named(chance), float(f"{prior:.6g}"), has_families)


def _named(by_field: dict[int, Floats]) -> dict[str, dict[str, float]]:
    named = {}
    for number, (field, names) in enumerate(FIELDS.items()):
        share = _without_missing(by_field[number])
        named[field] = {name: float(f"{share[at]:.6g}") for at, name in enumerate(names) if at}
    return named
