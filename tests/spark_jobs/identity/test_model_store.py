"""The match model is kept in MLflow, and a night takes it from there without MLflow."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import polars as pl
import pytest

from alluvium.errors import AlluviumError
from alluvium.settings import Settings
from spark_jobs.identity import model_store
from tests.spark_jobs.identity.test_matching import model

NIGHT = date(2017, 11, 1)


def runs(version: str, run_id: str | None, parameters: dict[str, object]) -> pl.DataFrame:
    row = {
        "finished_at": datetime(2017, 11, 2, tzinfo=UTC),
        "model_version": version,
        "model_run_id": run_id,
        "model": json.dumps(parameters),
    }
    return pl.DataFrame([row], schema_overrides={"model_run_id": pl.String})


def test_a_night_gets_the_model_that_was_kept_and_none_that_was_changed(settings: Settings) -> None:
    kept = model()
    run_id = model_store.save(settings, kept, NIGHT)
    noted = runs(kept.version, run_id, kept.parameters())
    found = model_store.frozen(settings, noted)
    assert found is not None
    assert (found[0].version, found[1]) == (kept.version, run_id)

    file = next(settings.mlflow.rglob(model_store.FILE))
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"records":', '"records":1'), encoding="utf-8")
    with pytest.raises(AlluviumError, match="was changed"):
        model_store.frozen(settings, noted)
    file.unlink()
    with pytest.raises(AlluviumError, match="cannot be read"):
        model_store.frozen(settings, noted)


def test_without_a_model_or_with_one_of_other_fields_a_night_estimates(settings: Settings) -> None:
    assert model_store.frozen(settings, runs("x", None, {})) is None
    assert model_store.frozen(settings, runs("x", "y", {"levels": {"name": 3}})) is None
