"""The match model of Fellegi and Sunter (1969): how much the agreement of each field says.

The weight of a level is log2(m / u): how often fields of one person agree like that (m), and how often those
of two people do (u). A missing field weighs nothing. A pair's probability follows from its weights and from
the share of all pairs that match. `estimate` finds the parameters; nights use them as they were frozen.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from spark_jobs.identity.compare import FIELDS, Levels

Floats = NDArray[np.float64]
MOST_BITS = 25.0


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
