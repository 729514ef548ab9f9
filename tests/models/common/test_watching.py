from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

import models.churn.score
import models.ltv.score
from models.common import drift, watching
from models.common.boosting import Manifest
from models.common.watching import ALERT, Metric

ROWS, NIGHTS = 1500, 60
AS_OF = date(2025, 10, 1)


def shoppers(rng: np.random.Generator, shift: float = 1.0) -> dict[str, np.ndarray]:
    """Ten features of everybody; `shift` multiplies the first."""
    found = {f"f{i}": rng.gamma(1 + i / 3, 10, ROWS).round(1) for i in range(9)}
    found["f0"] *= shift
    found["f9"] = np.where(rng.uniform(size=ROWS) < 0.3, np.nan, rng.poisson(3.0, ROWS))
    return found


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    rng = np.random.default_rng(7)
    months = [
        pl.DataFrame(shoppers(rng)).with_columns(as_of_date=pl.lit(date(2025, month, 1)))
        for month in (7, 8, 9)
    ]
    rows = pl.concat(months).with_columns(pl.col("f9").fill_nan(None))
    names = [f"f{i}" for i in range(10)]
    return Manifest(
        "churn", 30, 90, tuple(names), date(2025, 9, 30), {}, reference=drift.reference(rows, names)
    )


def alerts(metrics: Sequence[Metric]) -> list[str]:
    return [metric.name for metric in metrics if metric.alert == ALERT]


def test_sixty_quiet_nights_give_at_most_two_false_alarms(manifest: Manifest) -> None:
    rng = np.random.default_rng(11)
    nights = [alerts(watching.drifted(manifest, "1", shoppers(rng))) for _ in range(NIGHTS)]
    assert sum(bool(night) for night in nights) <= 2


def test_a_planted_shift_is_caught_by_name_and_so_is_a_lost_column(manifest: Manifest) -> None:
    rng = np.random.default_rng(12)
    shifted = watching.drifted(manifest, "1", shoppers(rng, shift=1.8))
    assert alerts(shifted) == ["psi_f0"]
    lost = shoppers(rng) | {"f3": np.full(ROWS, np.nan)}
    assert alerts(watching.drifted(manifest, "1", lost)) == ["psi_f3", "missing_f3"]


def test_what_grows_by_itself_between_cutoffs_is_no_alarm() -> None:
    rng = np.random.default_rng(3)
    base = rng.gamma(20, 10, ROWS)
    limit = drift.of_values([base, base + 30, base + 60])["limit"]
    known = {"tenure": drift.of_values([base, base + 30, base + 60])}
    found = drift.measure(known, {"tenure": base + 90})["tenure"]
    assert drift.LARGE < found["psi"] < limit


def closed(**changed: object) -> dict[str, object]:
    row = {
        "horizon_days": 30, "model_version": "1", "count_customers": 2000,
        "predicted": 0.12, "observed": 0.13, "error": 0.09, "spread": 0.3,
    }  # fmt: skip
    return row | changed


def test_scores_that_came_true_are_quiet_and_those_that_did_not_alert() -> None:
    assert alerts(watching.realised([closed()], {30: 0.09})) == []
    assert alerts(watching.realised([closed(observed=0.2)], {30: 0.09})) == ["realised_observed"]
    assert alerts(watching.realised([closed(error=0.12)], {30: 0.09})) == ["realised_error"]
    assert watching.realised([closed(count_customers=0, predicted=None)], {30: 0.09}) == []


@pytest.mark.parametrize(
    ("as_of", "metrics", "due"),
    [
        (AS_OF, [], []),
        (date(2025, 12, 1), [], ["retrain_time"]),
        (AS_OF, [Metric(30, "1", "psi_prediction", 0.5, ALERT)], ["retrain_drift"]),
        (AS_OF, [Metric(30, "1", "realised_error", 0.2, ALERT)], ["retrain_decay"]),
    ],
)
def test_training_again_is_asked_for_by_its_reason(
    manifest: Manifest, as_of: date, metrics: list[Metric], due: list[str]
) -> None:
    assert [metric.name for metric in watching.retraining(manifest, "1", metrics, as_of)] == due


def test_closed_windows_are_held_against_what_came() -> None:
    import duckdb

    database = duckdb.connect()
    database.execute(
        "CREATE TABLE scores AS SELECT * FROM (VALUES "
        "('C1', DATE '2025-09-01', 30, 0.1, 'model', '4'), ('C2', DATE '2025-09-01', 30, 0.5, 'model', '4'), "
        "('C3', DATE '2025-09-01', 30, 0.9, 'prior', '4'), ('C1', DATE '2025-09-02', 30, 0.7, 'model', '4')"
        ") AS t (customer_id, as_of_date, horizon_days, churn_probability, scored_for, model_version)"
    )
    database.execute(
        "CREATE TABLE orders AS SELECT * FROM (VALUES ('C1', DATE '2025-09-30', 12.5), "
        "('C2', DATE '2025-08-31', 9.0), ('C2', DATE '2025-10-01', 9.0)"
        ") AS t (customer_id, ordered_on, order_total)"
    )
    query = watching.realised_query(models.churn.score.OUTPUT, [30, 60], AS_OF, "scores", "orders")
    rows = database.execute(query).pl().sort("horizon_days").to_dicts()
    assert [row["count_customers"] for row in rows] == [2, 0]
    assert rows[0]["predicted"] == pytest.approx(0.3)
    assert rows[0]["observed"] == pytest.approx(0.5)
    assert rows[0]["error"] == pytest.approx((0.1**2 + 0.5**2) / 2)
    database.execute("ALTER TABLE scores RENAME churn_probability TO predicted_spend")
    money = watching.realised_query(models.ltv.score.OUTPUT, [30], AS_OF, "scores", "orders")
    assert database.execute(money).pl()["observed"][0] == pytest.approx(12.5 / 2)


def test_a_manifest_survives_its_journey_inside_the_booster(manifest: Manifest) -> None:
    assert Manifest.from_json(replace(manifest, error=0.09).to_json()) == replace(manifest, error=0.09)
