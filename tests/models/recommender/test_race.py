from __future__ import annotations

from datetime import date

import numpy as np

from models.recommender.params import Floors, Placement
from models.recommender.race import Run, race, window, winner
from tests.models.recommender.shopping import purchases

MODELS = {"popularity": {"window_days": 28}, "personal_frequency": {"half_life_days": 90}}
BUY_AGAIN = Placement(
    name="buy_again", description="d", task="repeat", baseline="popularity", candidates=20, models=MODELS
)
DISCOVER = BUY_AGAIN.model_copy(update={"name": "discover", "task": "new"})


def test_training_sees_no_day_of_the_window():
    cut = window(purchases([("c", "p", 31), ("c", "q", 30), ("c", "r", 1)]), date(2017, 10, 2))
    assert cut.known.bought().toarray().tolist() == [[1.0, 0.0, 0.0]]
    assert cut.bought_within.toarray().tolist() == [[0.0, 1.0, 1.0]]


def test_discover_counts_only_what_was_never_bought_before():
    cut = window(purchases([("c", "p", 31), ("c", "p", 2), ("c", "q", 1)]), date(2017, 10, 2))
    assert cut.relevant(BUY_AGAIN).toarray().tolist() == [[1.0, 1.0]]
    assert cut.relevant(DISCOVER).toarray().tolist() == [[0.0, 1.0]]


def test_a_customer_without_history_is_not_asked():
    cut = window(purchases([("c", "p", 31), ("d", "q", 1)]), date(2017, 10, 2))
    assert cut.relevant(BUY_AGAIN).nnz == 0


def run(*values: float, coverage: float = 0.5) -> Run:
    mean = sum(values) / len(values) if values else None
    figures = {"ndcg_at_10": mean, "coverage_at_10": coverage, "diversity_at_10": 0.9}
    return Run(figures, np.array(values))


def test_the_best_on_the_validation_window_wins_and_the_baseline_wins_ties():
    assert winner(BUY_AGAIN, {"popularity": run(0.1), "ease": run(0.2)}) == "ease"
    assert winner(BUY_AGAIN, {"ease": run(0.1), "popularity": run(0.1)}) == "popularity"
    assert winner(BUY_AGAIN, {"ease": run(), "popularity": run()}) == "popularity"


def test_a_model_below_a_floor_is_not_crowned():
    strict = BUY_AGAIN.model_copy(update={"floors": Floors(coverage=0.2)})
    runs = {"popularity": run(0.1, coverage=0.01), "ease": run(0.3, coverage=0.1), "als": run(0.2)}
    assert winner(strict, runs) == "als"


def test_the_incumbent_loses_only_to_a_significant_difference():
    noisy = run(*([0.1, 0.5] * 20), coverage=0.5)
    luckier = run(*([0.5, 0.101] * 20))
    clearly = run(*([0.2, 0.6] * 20))
    assert winner(BUY_AGAIN, {"popularity": noisy, "ease": luckier}, "popularity") == "popularity"
    assert winner(BUY_AGAIN, {"popularity": noisy, "ease": clearly}, "popularity") == "ease"
    assert winner(BUY_AGAIN, {"popularity": noisy, "ease": clearly}, "gone") == "ease"


def test_customers_who_buy_the_same_again_crown_their_own_frequency():
    # Each of 12 customers buys one product every week, and all of them something else each time.
    weekly = [(f"c{i:02}", f"own{i:02}", age) for i in range(12) for age in range(1, 120, 7)]
    fashion = [
        (f"c{i:02}", f"new{age:03}{n}", age) for i in range(12) for age in range(1, 120, 7) for n in range(3)
    ]
    results = race(purchases(weekly + fashion), [BUY_AGAIN])
    result = results["placements"]["buy_again"]
    assert result["champion"] == "personal_frequency"
    assert set(result["test"]) == {"personal_frequency", "popularity"}
    assert result["test"]["personal_frequency"]["hit_rate_at_10"] == 1.0
    assert results["windows"]["test"] == {"first_day": "2017-10-02", "end": "2017-11-01"}
    assert results["windows"]["validation"] == {"first_day": "2017-09-02", "end": "2017-10-02"}


def test_without_enough_days_the_baseline_is_crowned():
    result = race(purchases([("c", "p", 1)]), [BUY_AGAIN])["placements"]["buy_again"]
    assert result["champion"] == "popularity"
    assert result["validation"]["popularity"]["customers"] == 0
