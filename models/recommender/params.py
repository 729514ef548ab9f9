"""Placements: where recommendations are shown, and which models may compete for it. One file each."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from alluvium.errors import UsageError
from models.recommender import (
    ease,
    frequency_with_ease,
    implicit_als,
    item_similarity,
    personal_frequency,
    popularity,
)
from models.recommender.purchases import Purchases
from models.recommender.scores import ScoreRows

PLACEMENTS = Path(__file__).parent / "placements"

FIT: Mapping[str, Callable[..., ScoreRows]] = {
    "popularity": popularity.fit,
    "personal_frequency": personal_frequency.fit,
    "item_similarity": item_similarity.fit,
    "ease": ease.fit,
    "implicit_als": implicit_als.fit,
    "frequency_with_ease": frequency_with_ease.fit,
}


class Placement(BaseModel):
    """One placement: its task, and the models that race for it with their parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str
    task: Literal["repeat", "new"]
    baseline: str
    candidates: int = Field(ge=20, le=1000)
    models: dict[str, dict[str, Any]]

    @property
    def hides_bought(self) -> bool:
        """Whether what a customer bought before is neither shown nor counted."""
        return self.task == "new"

    @model_validator(mode="after")
    def _models_are_known(self) -> Placement:
        if self.baseline not in self.models:
            raise ValueError(f"the baseline {self.baseline!r} is not among the models")
        for model, params in self.models.items():
            if model not in FIT:
                raise ValueError(f"there is no model {model!r}, only {', '.join(FIT)}")
            _check_params(model, params)
        return self


def _check_params(model: str, params: Mapping[str, Any]) -> None:
    try:
        inspect.signature(FIT[model]).bind(None, **params)
    except TypeError as error:
        raise ValueError(f"{model}: {error}") from None


def load(path: Path) -> Placement:
    """Read one placement file. Raises UsageError naming the file and what is wrong."""
    try:
        return Placement(name=path.stem, **yaml.safe_load(path.read_text()))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))} {e['msg']}".strip() for e in error.errors())
        raise UsageError(f"The placement {path.stem} is not usable: {problems}", where=str(path)) from None
    except (yaml.YAMLError, TypeError) as error:
        raise UsageError(f"The placement {path.stem} cannot be read: {error}", where=str(path)) from None


def load_all(folder: Path = PLACEMENTS) -> list[Placement]:
    """All placements, by name."""
    return [load(path) for path in sorted(folder.glob("*.yml"))]


def fit(model: str, params: Mapping[str, Any], purchases: Purchases) -> ScoreRows:
    """Fit a model by its name."""
    return FIT[model](purchases, **params)
