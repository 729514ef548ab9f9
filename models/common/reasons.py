"""Why a customer has a score: the three features that moved it most, in words.

The shares are XGBoost's contributions (exact: TreeSHAP, Lundberg et al. 2018; approximate: Saabas 2014).
Exact ones cost some 500 microseconds a row, so a night with many rows takes the others, and the row says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import yaml

from alluvium.settings import CHECKOUT
from models.common.features import Matrix

if TYPE_CHECKING:
    from xgboost import Booster

CATALOGUE = CHECKOUT / "dbt_project" / "models" / "marts" / "features" / "customer_features.yml"
EXACT, APPROXIMATE = "exact", "approximate"
MOST_EXACT = 100_000
COUNT = 3


@lru_cache(maxsize=1)
def _descriptions() -> Mapping[str, str]:
    models = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))["models"]
    return {column["name"]: column["description"] for model in models for column in model["columns"]}


def words(features: tuple[str, ...]) -> dict[str, str]:
    """What the catalogue says of each feature; its name, spelled out, when it says nothing."""
    known = _descriptions()
    return {name: known.get(name, name.replace("_", " ").capitalize()) for name in features}


def _sentence(words: str, value: float, contribution: float) -> str:
    said = "not known" if np.isnan(value) else f"{value:.4g}"
    return f"{words}: {said} ({'raises' if contribution > 0 else 'lowers'} it)"


def of_rows(booster: Booster, values: Matrix, names: Sequence[str], kind: str) -> list[list[str]]:
    """Up to three sentences a row, the strongest first; `names` say what the columns are."""
    from xgboost import DMatrix

    if not len(values):
        return []
    found = booster.predict(
        DMatrix(values, nthread=1),
        pred_contribs=True,
        approx_contribs=kind == APPROXIMATE,
        validate_features=False,
    )[:, :-1]
    strongest = np.argsort(-np.abs(found), axis=1, kind="stable")[:, :COUNT]
    return [
        [_sentence(names[i], float(values[row, i]), float(found[row, i])) for i in places if found[row, i]]
        for row, places in enumerate(strongest)
    ]
