"""The match model of Fellegi and Sunter (1969), estimated without labels.

How often the fields of one person agree (m) comes from recordlinkage's ECM over the candidate pairs, how often
those of two people agree (u) from pairs drawn at random. The weight of a level is log2(m / u); a missing field
weighs nothing. A pair's probability follows from its weights and from how many of all pairs match.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray
from recordlinkage import ECMClassifier
from recordlinkage.algorithms.nb_sklearn import ECM

from spark_jobs.identity.compare import FIELDS, Levels

Floats = NDArray[np.float64]
MATCH = 1
STARTING_SHARE = 0.2  # of candidate pairs that match, where the estimation starts
DIFFERENT_SHARE = 0.05  # of a person's records that disagree in a field, where the estimation starts
MOST_BITS = 25.0
SMALLEST_SHARE = 1e-9


class _LevelECM(ECM):
    """recordlinkage's ECM over levels instead of yes and no: only where the estimation starts is ours."""

    def __init__(self, chance: dict[int, Floats], max_iter: int, atol: float) -> None:
        super().__init__(init="jaro", max_iter=max_iter, binarize=None, atol=atol)
        self.chance = chance
        self._log_shares: Floats = np.empty((2, 0))

    @property
    def feature_log_prob_(self) -> Floats:
        """Log share of each level by class. Never zero: recordlinkage would get NaN from 0 times minus infinity."""
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
    """Share of each level among pairs, by number of the field; half a pair is added to each so that none is 0."""
    found = {}
    for field, names in enumerate(FIELDS.values()):
        counts = np.bincount(levels[:, field], weights=weights, minlength=len(names)) + 0.5
        found[field] = counts / counts.sum()
    return found


def _without_missing(share: Floats) -> Floats:
    return np.concatenate([[0.0], share[1:] / share[1:].sum()])


@dataclass(frozen=True)
class Model:
    """Frozen parameters. `m` and `u` by field and level; `prior` is the share of all pairs that match.

    `has_families` says whether relatives were found among the records: see `contradiction`.
    """

    m: dict[str, dict[str, float]]
    u: dict[str, dict[str, float]]
    prior: float
    has_families: bool

    @property
    def version(self) -> str:
        """Hash of the parameters."""
        return sha256(self.to_json().encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """Without personal data: levels and numbers only."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Model:
        """The model that `to_json` wrote."""
        return cls(**json.loads(text))

    def fits(self) -> bool:
        """Whether the model knows the fields and levels that are compared today."""
        return {field: tuple(levels) for field, levels in self.m.items()} == {
            f: n[1:] for f, n in FIELDS.items()
        }

    def weights(self) -> list[Floats]:
        """Bits per level, by field; 0 for missing."""
        found = []
        for field, names in FIELDS.items():
            bits = [0.0] + [np.log2(self.m[field][name] / self.u[field][name]) for name in names[1:]]
            found.append(np.clip(np.array(bits), -MOST_BITS, MOST_BITS))
        return found

    def probability(self, levels: Levels) -> Floats:
        """That each pair is one person; rounded, so that it is the same on every machine."""
        bits = np.full(len(levels), np.log2(self.prior / (1 - self.prior)))
        for field, weights in enumerate(self.weights()):
            bits += weights[levels[:, field]]
        return np.round(1 / (1 + np.exp2(-np.clip(bits, -500, 500))), 6)


def estimate(candidates: Levels, random: Levels, count_records: int, has_families: bool) -> Model:
    """Fit on the levels of candidate pairs and of random pairs of the same records.

    The candidates should not contain pairs that contradict each other. The random pairs stand for all that were
    not compared, and keep the estimation from finding two kinds of matches where candidates hold little else.

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
