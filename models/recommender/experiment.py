"""Two models beside each other on real customers: who is given which is decided by a hash of the customer.

The same every night and on every machine, and independent between experiments of different names (Kohavi,
Tang, Xu 2020, "Trustworthy online controlled experiments", chapter 14).
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from models.recommender.ranking import Ranking

_RANGE = 2**64


class Experiment(BaseModel):
    """A share of the customers is given the lists of `challenger`, the others those of the champion.

    Give a new experiment a new name: the name draws the customers.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    challenger: str
    share: float = Field(gt=0, lt=1)


def position(name: str, customer_id: str) -> float:
    """Where the customer stands in the experiment, even over 0 to 1."""
    digest = sha256(f"recommender\x1f{name}\x1f{customer_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / _RANGE


def assigned(experiment: Experiment, customers: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Which of the customers (ids) are given the challenger."""
    return np.array(
        [position(experiment.name, customer) < experiment.share for customer in customers], dtype=bool
    )


def split(champion: Ranking, challenger: Ranking, is_challenged: NDArray[np.bool_]) -> Ranking:
    """The challenger's row for whom `is_challenged` says so, else the champion's; both customers x k."""
    chosen = is_challenged[:, None]
    return Ranking(
        np.where(chosen, challenger.products, champion.products),
        np.where(chosen, challenger.scores, champion.scores),
    )
