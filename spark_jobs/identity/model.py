"""The match model of Fellegi and Sunter (1969), frozen: how much the agreement of each field says.

The weight of a level is log2(m / u): how often fields of one person agree like that (m), and how often those
of two people do (u). A missing field weighs nothing. `similar.estimate` finds the parameters without labels;
nights use them as they were frozen, with the frequencies of names that the estimation saw.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np

from spark_jobs.identity.engine.known import Memory
from spark_jobs.identity.engine.weights import Weights

DIGITS = 9
BIRTH_DATE = "birth_date"


@dataclass(frozen=True)
class Model:
    """`levels`: how many levels each field has; `weights` by field in the same order.

    `has_families` says whether relatives were found among the records: see `contradiction`. `memory` holds
    frequencies by keyed hash; `records` is how many named records the estimation saw; `spelled` how sure
    a name in an e-mail address is, by pattern.
    """

    levels: dict[str, int]
    weights: Weights
    has_families: bool
    memory: Memory
    records: int
    spelled: Mapping[str, float] = field(default_factory=dict)

    @property
    def default_days(self) -> Sequence[int]:
        """Days of birth that stand for "not known": month * 100 + day."""
        return self.memory.default_days.get(BIRTH_DATE, ())

    @cached_property
    def version(self) -> str:
        """Hash of the parameters and frequencies."""
        return sha256(self.to_json().encode()).hexdigest()[:12]

    def parameters(self) -> dict[str, Any]:
        """All but the frequencies: levels and numbers."""
        shares = {
            name: {"m": m.tolist(), "r": r.tolist(), "u": u.tolist()}
            for name, m, r, u in zip(self.levels, self.weights.m, self.weights.r, self.weights.u, strict=True)
        }
        return {
            "levels": self.levels,
            "shares": shares,
            "prior": self.weights.prior,
            "prior_related": self.weights.prior_related,
            "has_families": self.has_families,
            "records": self.records,
            "spelled": dict(self.spelled),
            "clusters": self.memory.clusters,
        }

    def to_json(self) -> str:
        """Without personal data: numbers, and keyed hashes of words."""
        return json.dumps(self.parameters() | {"memory": self.memory.as_dict()}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Model:
        """The model that `to_json` wrote."""
        held = json.loads(text)
        shares = held["shares"]
        m, r, u = ([np.array(shares[name][kind]) for name in held["levels"]] for kind in ("m", "r", "u"))
        weights = Weights(m, r, u, held["prior"], held["prior_related"])
        return cls(
            held["levels"],
            weights,
            held["has_families"],
            Memory.from_dict(held["memory"]),
            held["records"],
            held["spelled"],
        )


def rounded(weights: Weights) -> Weights:
    """As they are written down: a model that was read again decides like the one just estimated."""

    def short(value: float) -> float:
        return float(f"{value:.{DIGITS}g}")

    m, r, u = (
        [np.array([short(value) for value in shares]) for shares in kind]
        for kind in (weights.m, weights.r, weights.u)
    )
    return Weights(m, r, u, short(weights.prior), short(weights.prior_related))
