from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import mlflow.xgboost
import numpy as np
import pytest

from alluvium import mlflow_door
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.settings import Settings
from models.churn.train import TASK
from models.common import candidate, champions, params, registry, tracking, training
from models.common.boosting import from_bytes
from models.common.candidate import Candidate
from models.common.training_sets import TrainingSet

NAME = "churn_30d"
RUN_DATE = date(2025, 9, 30)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One registry for the module: making its database takes seconds."""
    return Settings(home=tmp_path_factory.mktemp("a registry"))


@pytest.fixture(scope="module")
def made(shoppers: Callable[..., TrainingSet]) -> Candidate:
    found = candidate.make(shoppers(), TASK, params.load("churn"), 30)
    found.evaluation.update(model="churn", horizon_days=30, run_date=RUN_DATE.isoformat())
    return found


@pytest.fixture(scope="module")
def registered(home: Settings, made: Candidate) -> tuple[str, str]:
    """Two versions of the same candidate."""
    tags = {"fingerprint": "f1", "reason": "made by a test"}
    first, second = (
        tracking.register(home, NAME, RUN_DATE, made, params.load("churn"), tags) for _ in range(2)
    )
    return first, second


@pytest.fixture
def versions(home: Settings, registered: tuple[str, str]) -> tuple[str, str]:
    """The two versions, neither with an alias: the registry forgets what tests before did."""
    client = mlflow_door.client(home)
    for alias in (registry.CHAMPION, registry.CHALLENGER):
        client.delete_registered_model_alias(NAME, alias)
    return registered


def artefact(home: Settings, number: str) -> Path:
    found = next(version for version in registry.versions(home, NAME) if version.number == number)
    return mlflow_door.local_path(f"{found.artefacts}/model.ubj", home)


def test_a_version_can_be_promoted_replaced_and_brought_back(
    home: Settings, versions: tuple[str, str]
) -> None:
    first, second = versions
    with pytest.raises(AlluviumError, match=r"no champion of churn_30d.*alluvium job churn.train"):
        registry.champion(home, NAME)
    registry.promote(home, NAME, first, "the first")
    registry.challenge(home, NAME, second)
    registry.promote(home, NAME, second, "better")
    assert [(v.number, v.aliases) for v in registry.versions(home, NAME)] == [
        (second, ("champion",)),
        (first, ()),
    ]
    assert registry.rollback(home, NAME) == first
    assert registry.champion(home, NAME).number == first
    with pytest.raises(AlluviumError, match="no version 99"):
        registry.promote(home, NAME, "99", "by hand")


def test_the_file_that_scores_is_the_booster_with_its_manifest(
    home: Settings, versions: tuple[str, str], made: Candidate
) -> None:
    registry.promote(home, NAME, versions[0], "the first")
    champion = registry.champion(home, NAME)
    booster, manifest = registry.load(home, champion)
    assert manifest == from_bytes(made.content)[1]
    assert booster.num_boosted_rounds() == made.trees
    # Whoever opens it through MLflow gets the same booster.
    mlflow.set_tracking_uri(mlflow_door.tracking_uri(home))
    assert mlflow.xgboost.load_model(f"models:/{NAME}@champion").save_raw() == booster.save_raw()


def test_a_night_reads_the_champion_as_mlflow_does(home: Settings, versions: tuple[str, str]) -> None:
    with pytest.raises(AlluviumError, match=r"no champion of churn_30d.*alluvium job churn.train"):
        champions.find(home, NAME)
    registry.promote(home, NAME, versions[1], "better")
    assert champions.find(home, NAME) == registry.champion(home, NAME)
    assert champions.load(home, "churn", 30).content == registry.content(home, registry.champion(home, NAME))


@pytest.mark.parametrize("harm", [lambda p: p.unlink(), lambda p: p.write_bytes(p.read_bytes()[:-1] + b"x")])
def test_a_lost_or_changed_file_is_refused_and_says_how_to_train(
    home: Settings, versions: tuple[str, str], harm: Callable[[Path], object]
) -> None:
    registry.promote(home, NAME, versions[0], "the first")
    files = [artefact(home, number) for number in versions]
    sound = files[0].read_bytes()
    for file in files:
        harm(file)
    with pytest.raises(AlluviumError, match="alluvium job churn"):
        registry.content(home, registry.champion(home, NAME))
    with pytest.raises(AlluviumError, match=f"version {versions[1]}"):
        registry.promote(home, NAME, versions[1], "by hand")
    assert registry.champion(home, NAME).number == versions[0]
    for file in files:
        file.write_bytes(sound)


def test_the_evaluation_of_the_champion_is_there_for_the_report(
    home: Settings, versions: tuple[str, str], made: Candidate
) -> None:
    registry.promote(home, NAME, versions[1], "better")
    found = registry.evaluation("churn", home)
    assert found == made.evaluation | {"version": versions[1], "reason": "better"}
    assert {"figures", "baselines", "curves", "evaluated_on"} <= set(found)
    assert len(found["curves"]["calibration"]["model"]) == 10


def test_without_a_champion_there_is_no_evaluation(settings: Settings) -> None:
    assert registry.evaluation("churn", settings) == {}
    assert not settings.mlflow.exists()  # looking makes nothing


def test_a_champion_is_judged_by_the_booster_that_did_not_see_the_window(
    home: Settings, versions: tuple[str, str], made: Candidate
) -> None:
    registry.promote(home, NAME, versions[0], "the first")
    config = JobConfig(RUN_DATE, home)
    # The scoring booster saw these outcomes: the one that was measured stands in, with the figures of then.
    np.testing.assert_allclose(training.champion_predictions(config, NAME, made), made.predicted)
    unknown = replace(made, held_out=made.held_out.drop("spend_90d"))
    assert training.champion_predictions(config, NAME, unknown) is None
