"""All models of all placements against what customers bought afterwards.

The split is global in time: a model sees only days before the window it is measured on. The winner is
chosen on the validation window and then measured once on the test window, beside the baseline; a winner
chosen where it is measured would look better than it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from scipy import sparse

from models.recommender import params
from models.recommender.evaluate import Figures, figures
from models.recommender.params import Placement
from models.recommender.purchases import Purchases
from models.recommender.ranking import top_k

K = 10
DECIDED_BY = f"ndcg_at_{K}"
WINDOW_DAYS = 30


@dataclass(frozen=True)
class Window:
    """Days on which models are measured, and what was known before them."""

    first_day: date
    end: date  # the first day after the window
    known: Purchases
    bought_before: sparse.csr_matrix
    bought_within: sparse.csr_matrix

    def relevant(self, placement: Placement) -> sparse.csr_matrix:
        """Customers x products to be found. Customers without a purchase before the window are left out."""
        has_history = sparse.diags((np.diff(self.bought_before.indptr) > 0).astype(np.float32))
        wanted = has_history @ self.bought_within
        if placement.hides_bought:
            wanted = wanted - wanted.multiply(self.bought_before)
        wanted = wanted.tocsr()
        wanted.eliminate_zeros()
        return wanted


def window(purchases: Purchases, first_day: date) -> Window:
    """The WINDOW_DAYS days from `first_day`."""
    end = first_day + timedelta(days=WINDOW_DAYS)
    known = purchases.before(first_day)
    within = purchases.before(end).since(first_day)
    return Window(first_day, end, known, known.bought(), within.bought())


Measure = Callable[[Placement, str], Figures]


def measurer(where: Window) -> Measure:
    """Measures models of placements on one window."""
    count_catalogue = len(np.unique(where.known.product))

    def measure(placement: Placement, model: str) -> Figures:
        score_rows = params.fit(model, placement.models[model], where.known)
        hidden = where.bought_before if placement.hides_bought else None
        ranking = top_k(score_rows, where.known.shape, K, hidden)
        return figures(ranking.products, where.relevant(placement), count_catalogue)

    return measure


def winner(placement: Placement, measured: Mapping[str, Figures]) -> str:
    """The best model; the baseline where nothing could be measured, and on a tie."""
    best = placement.baseline
    for model, result in measured.items():
        if (result[DECIDED_BY] or 0.0) > (measured[best][DECIDED_BY] or 0.0):
            best = model
    return best


def _contest(placement: Placement, validate: Measure, examine: Measure) -> dict[str, Any]:
    measured = {model: validate(placement, model) for model in placement.models}
    best = winner(placement, measured)
    return {
        "description": placement.description,
        "champion": best,
        "baseline": placement.baseline,
        "models": placement.models,
        "validation": measured,
        "test": {model: examine(placement, model) for model in sorted({best, placement.baseline})},
    }


def race(purchases: Purchases, placements: Sequence[Placement]) -> dict[str, Any]:
    """Figures and winner of each placement, as plain values; for the keys see tracking.race_results."""
    test = window(purchases, purchases.as_of_date - timedelta(days=WINDOW_DAYS))
    validation = window(purchases, test.first_day - timedelta(days=WINDOW_DAYS))
    validate, examine = measurer(validation), measurer(test)
    days = {"validation": validation, "test": test}
    return {
        "k": K,
        "decided_by": DECIDED_BY,
        "windows": {name: {"first_day": str(w.first_day), "end": str(w.end)} for name, w in days.items()},
        "placements": {placement.name: _contest(placement, validate, examine) for placement in placements},
    }
