"""Placements: where recommendations are shown, and which models may compete for it. One file each."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

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
    rank_fusion,
)
from models.recommender.experiment import Experiment
from models.recommender.exploration import Exploration
from models.recommender.purchases import Purchases
from models.recommender.ranker import model as ranker
from models.recommender.rules import Rules
from models.recommender.scores import ScoreRows

PLACEMENTS = Path(__file__).parent / "placements"
MIXES = PLACEMENTS / "mixes"

Kind = TypeVar("Kind", bound=BaseModel)

FIT: Mapping[str, Callable[..., ScoreRows]] = {
    "popularity": popularity.fit,
    "personal_frequency": personal_frequency.fit,
    "item_similarity": item_similarity.fit,
    "ease": ease.fit,
    "implicit_als": implicit_als.fit,
    "frequency_with_ease": frequency_with_ease.fit,
    "rank_fusion": rank_fusion.fit,
    "ranker": ranker.fit,
}
# What these learn takes minutes: the race keeps it for the night, which hands it back as `trained`.
TRAIN: Mapping[str, Callable[..., bytes]] = {"ranker": ranker.train}


class Floors(BaseModel):
    """What a model must reach at the first 10 ranks to be crowned, however right it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    coverage: float = Field(default=0.0, ge=0, le=1)
    diversity: float = Field(default=0.0, ge=0, le=1)


class Placement(BaseModel):
    """One placement: its task, and the models that race for it with their parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str
    task: Literal["repeat", "new"]
    baseline: str
    candidates: int = Field(ge=20, le=1000)
    floors: Floors = Floors()
    rules: Rules = Rules()
    experiment: Experiment | None = None
    exploration: Exploration | None = None
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

    @model_validator(mode="after")
    def _the_challenger_needs_no_training(self) -> Placement:
        given = self.experiment
        if given and given.challenger not in self.models:
            raise ValueError(f"the challenger {given.challenger!r} is not among the models")
        if given and given.challenger in TRAIN:
            raise ValueError(
                f"the challenger {given.challenger!r} learns at the race, which keeps it for champions only"
            )
        return self


class Mix(BaseModel):
    """A placement that shows what others found, so many of each in turn; no race, no model of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str
    mixes: dict[str, int]  # placement to its share of the list
    candidates: int = Field(ge=20, le=1000)
    rules: Rules = Rules()


def _check_params(model: str, params: Mapping[str, Any]) -> None:
    try:
        inspect.signature(FIT[model]).bind(None, **params)
    except TypeError as error:
        raise ValueError(f"{model}: {error}") from None


def _read(path: Path, kind: type[Kind]) -> Kind:
    """Raises UsageError naming the file and what is wrong."""
    try:
        return kind(name=path.stem, **yaml.safe_load(path.read_text()))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))} {e['msg']}".strip() for e in error.errors())
        raise UsageError(f"The placement {path.stem} is not usable: {problems}", where=str(path)) from None
    except (yaml.YAMLError, TypeError) as error:
        raise UsageError(f"The placement {path.stem} cannot be read: {error}", where=str(path)) from None


def load(path: Path) -> Placement:
    """Read one placement file. Raises UsageError naming the file and what is wrong."""
    return _read(path, Placement)


def load_all(folder: Path = PLACEMENTS) -> list[Placement]:
    """All placements that are raced, by name."""
    return [load(path) for path in sorted(folder.glob("*.yml"))]


def load_mixes(folder: Path = MIXES, placements: Path = PLACEMENTS) -> list[Mix]:
    """All mixes, by name. Raises UsageError when one mixes a placement that there is not."""
    found, known = [_read(path, Mix) for path in sorted(folder.glob("*.yml"))], load_all(placements)
    for mix in found:
        for unknown in sorted(set(mix.mixes) - {placement.name for placement in known}):
            raise UsageError(f"{mix.name} mixes {unknown}, and there is no such placement", where=str(folder))
    return found


def fit(
    model: str, params: Mapping[str, Any], purchases: Purchases, trained: bytes | None = None
) -> ScoreRows:
    """Fit a model by its name; `trained` is what `train` gave for it earlier."""
    return FIT[model](purchases, **params, **({"trained": trained} if model in TRAIN else {}))


def train(model: str, params: Mapping[str, Any], purchases: Purchases) -> bytes | None:
    """What a model learns once a race; None for models that are fitted anew every night."""
    return TRAIN[model](purchases, **params) if model in TRAIN else None
