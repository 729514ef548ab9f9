"""Clusters whose answer is known by construction, and labels that stay."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import adjusted_rand_score

from alluvium import catalog
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake import ledger
from alluvium.settings import Settings
from models.clusters import assign, choice, fits, model, naming, train
from models.clusters.features import COLUMNS, SIDES
from spark_jobs.report.lake import Lake
from spark_jobs.report.sections import clusters as chapter
from tests.spark_jobs.segments.lake import put

WIDTH = len(COLUMNS)
NIGHT, LATER = date(2017, 11, 1), date(2017, 11, 8)


def towns(count: int, size: int = 120, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Points around `count` centres far apart, and which centre each belongs to."""
    truth = np.repeat(np.arange(count), size)
    noise = np.random.default_rng(seed).normal(0, 0.25, (len(truth), WIDTH))
    return 4.0 * np.eye(WIDTH)[truth] + noise, truth


def test_the_true_number_of_clusters_is_chosen_and_found():
    points, truth = towns(4)
    candidates = [choice.candidate(points, k) for k in range(3, 7)]
    best, fitted = choice.best(candidates), model.fit(points, 4)
    assert (best.k, choice.elbow(candidates)) == (4, 4)
    assert best.stability == pytest.approx(1.0)
    assert best.mixture_agreement > 0.99
    assert adjusted_rand_score(truth, fitted.places(fitted.standardised(points))) == 1.0


def test_a_cloud_without_clusters_is_neither_apart_nor_stable():
    cloud = np.random.default_rng(3).normal(size=(400, WIDTH))
    found = choice.candidate(cloud, 5)
    assert found.silhouette < 0.2
    assert found.stability < 0.6


def candidate(k: int, silhouette: float, stability: float) -> choice.Candidate:
    return choice.Candidate(k, silhouette, stability, 1.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("before", "chosen"),
    [(None, 4), (3, 3), (5, 4), (6, 4)],
    ids=["the best stable one", "as good as before", "before is clearly worse", "before is not stable"],
)
def test_the_number_of_clusters_stays_while_it_is_not_clearly_worse(before, chosen):
    tried = [candidate(3, 0.29, 0.7), candidate(4, 0.3, 0.9), candidate(5, 0.2, 0.9), candidate(6, 0.5, 0.5)]
    assert choice.best(tried, before).k == chosen


def test_labels_follow_the_centres_whatever_their_order():
    before = 4.0 * np.eye(WIDTH)[:3]
    assert naming.labels(before[[2, 0, 1]] + 0.1, before, [7, 8, 9]) == [9, 7, 8]


def test_a_cluster_in_a_new_place_gets_a_number_that_was_never_used():
    before = 4.0 * np.eye(WIDTH)[:2]
    now = np.vstack([before[:1], np.full((1, WIDTH), -9.0)])
    assert naming.labels(now, before, [1, 2], highest=5) == [1, 6]
    assert naming.labels(now, np.empty((0, WIDTH)), []) == [1, 2]


def test_a_cluster_is_named_by_what_sets_it_apart_and_no_two_are_named_alike():
    centres = np.zeros((4, WIDTH))
    centres[0, 0], centres[1, [0, 1]], centres[2, [1, 0]] = 2.0, (-2.0, 1.0), (1.0, -0.9)
    found = naming.names(centres)
    assert found[0] == SIDES[0].high
    assert found[1].startswith(SIDES[0].low)
    assert found[3] == naming.AVERAGE
    assert len(set(found)) == 4


def test_probabilities_and_outliers_are_what_distance_says():
    points, _ = towns(3)
    fitted = model.fit(points, 3)
    there = fitted.standardised(points)
    probabilities = fitted.probabilities(there)
    assert probabilities.sum(axis=1) == pytest.approx(1.0)
    assert (probabilities.argmax(axis=1) == fitted.places(there)).all()
    assert fitted.outliers(there).mean() < 0.05
    assert fitted.outliers(fitted.standardised(np.full((1, WIDTH), 40.0))).all()


def test_a_model_is_kept_as_text_and_refused_for_other_columns():
    points, _ = towns(3)
    fitted = model.fit(points, 3)
    again = model.from_json(fitted.to_json())
    assert (again.places(points) == fitted.places(points)).all()
    other = json.dumps({**json.loads(fitted.to_json()), "columns": ["age"]})
    with pytest.raises(AlluviumError, match="other columns"):
        model.from_json(other)


def customers(settings: Settings, day: date, seed: int) -> None:
    """Three kinds of buyers, one who never bought, and one who may not be profiled."""
    points, _ = towns(3, size=60, seed=seed)
    values = np.expm1(np.abs(points)) + 0.5
    ids = [f"C{number:03}" for number in range(len(values))]
    columns = {name: pa.array(values[:, place]) for place, name in enumerate(COLUMNS)}
    columns["days_since_last_order"] = pa.array([None, *values[1:, 2]])
    columns["as_of_date"] = pa.array([day] * len(ids), pa.date32())
    put(settings, "gold.customer_features", pa.table({"customer_id": ids, **columns}))
    allowed = [True, False] + [True] * (len(ids) - 2)
    put(settings, "gold.customers", pa.table({"customer_id": ids, "is_profiling_allowed": allowed}))


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Settings:
    """Two trainings a week apart, and the nights that go by them."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    ledger.create(catalog.ML_CUSTOMER_CLUSTERS, settings)
    for seed, night in enumerate((NIGHT, LATER)):
        config = JobConfig(night, settings)
        customers(settings, config.as_of_date, seed)
        train.run(None, config)
        assign.run(None, config)
    return settings


def rows(settings: Settings, night: date) -> dict[str, dict[str, object]]:
    found = ledger.rows(catalog.ML_CUSTOMER_CLUSTERS, settings)
    as_of = JobConfig(night, settings).as_of_date
    return {row["customer_id"]: row for row in found if row["as_of_date"] == as_of}


def test_before_the_first_training_nobody_is_assigned(tmp_path):
    assert assign.run(None, JobConfig(NIGHT, Settings(home=tmp_path))) == {"customers": 0}


def test_everybody_gets_a_cluster_or_the_reason_why_not(lake):
    told = rows(lake, LATER)
    assert len(told) == 180
    assert (told["C000"]["cluster"], told["C000"]["reason_code"]) == (None, "no_history")
    assert (told["C001"]["cluster"], told["C001"]["reason_code"]) == (None, "no_consent")
    assert all(row["cluster"] for name, row in told.items() if name > "C001")


def test_customers_keep_their_label_across_trainings(lake):
    first, later = rows(lake, NIGHT), rows(lake, LATER)
    assert len(fits.before(JobConfig(date(2018, 1, 1), lake))) == 2
    assert {name: row["cluster"] for name, row in first.items()} == {
        n: r["cluster"] for n, r in later.items()
    }


def test_a_training_and_a_night_can_be_repeated(lake):
    config = JobConfig(LATER, lake)
    before = rows(lake, LATER), [fit.clusters.to_json() for fit in fits.before(JobConfig(date.max, lake))]
    train.run(None, config)
    assign.run(None, config)
    again = rows(lake, LATER), [fit.clusters.to_json() for fit in fits.before(JobConfig(date.max, lake))]
    assert again == before


def test_the_report_shows_the_clusters(lake):
    shown = chapter.section(Lake(lake, LATER))
    assert [block.heading for block in shown.blocks][:2] == ["Tonight", "Customers on a plane"]
    assert len(shown.blocks[0].rows) == 3
    assert "<svg" in shown.blocks[1].svg
