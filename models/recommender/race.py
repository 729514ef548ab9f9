"""All models of all placements against what customers bought afterwards.

The split is global in time: a model sees only days before the window it is measured on. The winner is
chosen on the validation window and then measured once on the test window, beside the baseline; a winner
chosen where it is measured would look better than it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.recommender import bootstrap, business, evaluate, exposure, params, rules
from models.recommender.evaluate import Figures
from models.recommender.params import Placement
from models.recommender.purchases import Purchases, known_before
from models.recommender.ranking import Ranking, top_k

K = 10
DECIDED_BY = f"ndcg_at_{K}"
WINDOW_DAYS = 30
# With fewer days of shopping a customer's own history says little.
COLD_DAYS = 3


@dataclass(frozen=True)
class Window:
    """Days on which models are measured, and what was known before them."""

    first_day: date
    end: date  # the first day after the window
    known: Purchases
    bought_before: sparse.csr_matrix
    bought_within: sparse.csr_matrix
    spent_within: sparse.csr_matrix

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
    known = known_before(purchases, first_day)
    within = purchases.before(end).since(first_day)
    return Window(first_day, end, known, known.bought(), within.bought(), within.spent())


@dataclass(frozen=True)
class Run:
    """How one model did on one window."""

    figures: Figures
    decisive: NDArray[np.float64]  # DECIDED_BY of each customer who was asked


def measured(lists: NDArray[np.int64], where: Window, placement: Placement) -> Run:
    """All figures of some lists, customers x 20, with an interval around the decisive one."""
    relevant = where.relevant(placement)
    each = evaluate.per_customer(lists, relevant)
    asked = np.diff(relevant.indptr) > 0
    low, high = bootstrap.interval(each[DECIDED_BY]) or (None, None)
    is_cold = (np.diff(where.known.trips().indptr) < COLD_DAYS)[asked]
    cold = each[f"hit_rate_at_{K}"][is_cold]
    figures: Figures = {
        **evaluate.averages(each),
        f"{DECIDED_BY}_low": low,
        f"{DECIDED_BY}_high": high,
        **exposure.figures(lists[asked], where.known, K),
        f"cold_hit_rate_at_{K}": float(cold.mean()) if len(cold) else None,
        "cold_customers": int(is_cold.sum()),
        "customers": int(asked.sum()),
    }
    return Run(figures, each[DECIDED_BY])


@dataclass(frozen=True)
class Contest:
    """One model of one placement; `trained` is what it learned before the window, if it learns ahead."""

    placement: Placement
    model: str
    trained: bytes | None = None

    def ranking(self, where: Window) -> Ranking:
        """The candidates of every customer, from what was known before the window."""
        given = self.placement.models[self.model]
        score_rows = params.fit(self.model, given, where.known, self.trained)
        hidden = where.bought_before if self.placement.hides_bought else None
        return top_k(score_rows, where.known.shape, self.placement.candidates, hidden)


def contest(placement: Placement, model: str, where: Window) -> Contest:
    """A model that has learned from what was known before the window."""
    return Contest(placement, model, params.train(model, placement.models[model], where.known))


def _is_within_floors(placement: Placement, figures: Figures) -> bool:
    floors = {f"coverage_at_{K}": placement.floors.coverage, f"diversity_at_{K}": placement.floors.diversity}
    return all((figures.get(name) or 0.0) >= least for name, least in floors.items())


def winner(placement: Placement, runs: Mapping[str, Run], incumbent: str | None = None) -> str:
    """The most accurate model within the floors; the baseline where nothing could be measured, and on a tie.

    The incumbent stays unless the most accurate is better than it by more than chance.
    """
    best = placement.baseline
    for model, run in runs.items():
        gain = (run.figures[DECIDED_BY] or 0.0) - (runs[best].figures[DECIDED_BY] or 0.0)
        is_beaten = gain > 0 or not _is_within_floors(placement, runs[best].figures)
        if model != best and is_beaten and _is_within_floors(placement, run.figures):
            best = model
    sitting = runs.get(incumbent or "")
    if incumbent and sitting and _is_within_floors(placement, sitting.figures):
        return best if bootstrap.is_better(runs[best].decisive, sitting.decisive) else incumbent
    return best


def _with_rules(made: Contest, ranking: Ranking, where: Window) -> dict[str, Any]:
    """The figures of the lists as they are shown, and what the rules cost."""
    shown = rules.apply(ranking, where.known.catalogue, made.placement.rules)
    before, after = (measured(r.products[:, :20], where, made.placement) for r in (ranking, shown))
    lost = float((before.decisive - after.decisive).mean()) if len(before.decisive) else None
    worth = business.worth(shown.products[:, :20], where.spent_within, where.bought_before)
    return {**after.figures, f"{DECIDED_BY}_lost": lost, **worth}


def _contest(placement: Placement, validation: Window, test: Window, incumbent: str | None) -> dict[str, Any]:
    contests = {model: contest(placement, model, validation) for model in placement.models}
    runs = {
        model: measured(made.ranking(validation).products[:, :20], validation, placement)
        for model, made in contests.items()
    }
    best = winner(placement, runs, incumbent)
    # What the trees learned before the validation window is examined: no model saw a day of either window.
    examined = {model: contests[model].ranking(test) for model in sorted({best, placement.baseline})}
    return {
        "description": placement.description,
        "champion": best,
        "baseline": placement.baseline,
        "incumbent": incumbent,
        "models": placement.models,
        "validation": {model: run.figures for model, run in runs.items()},
        "test": {
            model: measured(ranking.products[:, :20], test, placement).figures
            for model, ranking in examined.items()
        },
        "shown": _with_rules(contests[best], examined[best], test),
    }


def race(
    purchases: Purchases, placements: Sequence[Placement], incumbents: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Figures and winner of each placement, as plain values; for the keys see tracking.race_results.

    `incumbents` are the models that are champions now, by placement.
    """
    test = window(purchases, purchases.as_of_date - timedelta(days=WINDOW_DAYS))
    validation = window(purchases, test.first_day - timedelta(days=WINDOW_DAYS))
    days = {"validation": validation, "test": test}
    sitting = incumbents or {}
    return {
        "k": K,
        "decided_by": DECIDED_BY,
        "windows": {name: {"first_day": str(w.first_day), "end": str(w.end)} for name, w in days.items()},
        "placements": {p.name: _contest(p, validation, test, sitting.get(p.name)) for p in placements},
    }
