from __future__ import annotations

import pytest

from alluvium.errors import AlluviumError
from models.common import params


@pytest.mark.parametrize("model", ["churn", "ltv"])
def test_no_model_sees_who_a_person_is_and_every_fit_is_seeded(model: str) -> None:
    chosen = params.load(model)
    assert {"age", "household_size"} <= set(chosen.excluded_features)
    assert "seed" in chosen.xgboost
    assert chosen.xgboost["nthread"] == 1  # else the model depends on the machine


def test_a_wrong_field_is_named_with_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(params.yaml, "safe_load", lambda text: {"horizons": []})
    params.load.cache_clear()
    with pytest.raises(AlluviumError, match=r"horizons: .*models/churn/params.yml"):
        params.load("churn")
    params.load.cache_clear()


def test_a_search_that_does_not_hold_todays_value_is_refused() -> None:
    given = params.load("churn").model_dump() | {"search": {"eta": {"low": 0.5, "high": 0.9}}}
    with pytest.raises(ValueError, match=r"xgboost.eta is [0-9.]+, outside of its search: 0.5 to 0.9"):
        params.Params.model_validate(given)
