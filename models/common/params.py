"""Parameters of a model: `models/<name>/params.yml`, checked when read."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alluvium.errors import AlluviumError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Minimum(_Strict):
    """Below these counts no model is fitted."""

    rows: int = Field(ge=10)
    events: int = Field(ge=5, description="Rows of the rarer outcome; a quarter of it held out")


class LeakLimits(_Strict):
    """When a single feature knows too much to be true."""

    auc: float = Field(gt=0.5, lt=1, description="A feature alone must not rank an outcome better than this")
    rate_ratio: float = Field(
        gt=1, description="Missing and present (or 0 and 1) may differ by at most this factor"
    )


class Rounds(_Strict):
    """How many trees."""

    most: int = Field(ge=1)
    patience: int = Field(ge=1, description="Stop when the later cut-off has not improved for so many rounds")
    fallback: int = Field(ge=1, description="Used when there is no cut-off left to stop on")


class GateRule(_Strict):
    """When a challenger replaces the champion."""

    figure: str
    total_within: float = Field(
        gt=0, description="Largest relative difference of predicted and observed totals"
    )


class Params(_Strict):
    """One model's parameters. `horizons` are days; the first is the one that reports speak of."""

    horizons: tuple[int, ...] = Field(min_length=1)
    extrapolated: tuple[int, ...] = Field(
        (), description="Days that BG/NBD alone speaks of, beyond what was observed"
    )
    is_optional: bool = Field(
        False, description="A shop may lack what it learns from: then there is no model and no failure"
    )
    active_days: int = Field(ge=1, description="Population: a purchase in so many days before the cut-off")
    cutoffs: int = Field(ge=2, description="How many months back")
    most_rows: int = Field(ge=1000, description="Larger training sets are sampled by customer")
    minimum: Minimum
    excluded_features: tuple[str, ...]
    leaks: LeakLimits
    rounds: Rounds
    gate: GateRule
    xgboost: dict[str, Any]


@lru_cache(maxsize=8)
def load(model: str) -> Params:
    """The parameters of `models/<model>`; raises AlluviumError naming the field that is wrong."""
    text = (files("models") / model / "params.yml").read_text(encoding="utf-8")
    try:
        return Params.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise AlluviumError(f"{field}: {first['msg']}", where=f"models/{model}/params.yml") from None
