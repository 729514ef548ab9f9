"""Parameters of a model: `models/<name>/params.yml`, checked when read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

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


class Range(_Strict):
    """Where a search looks for one parameter of xgboost; both ends belong to it."""

    low: float
    high: float
    is_whole: bool = False
    is_log: bool = Field(False, description="Steps are factors, not sums")

    @model_validator(mode="after")
    def _is_a_range(self) -> Range:
        if self.low >= self.high:
            raise ValueError(f"low {self.low} is not below high {self.high}")
        if self.is_log and self.low <= 0:
            raise ValueError("a search by factors begins above 0")
        return self


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
    base_rate: str | None = Field(
        None, description="A feature whose mean over customers says how often the event comes at all"
    )
    gate: GateRule
    xgboost: dict[str, Any]
    search: dict[str, Range] = Field({}, description="What `alluvium model tune` may change of xgboost")

    @model_validator(mode="after")
    def _search_is_around_the_values(self) -> Params:
        for name, given in self.search.items():
            value = self.xgboost.get(name)
            if not isinstance(value, int | float) or not given.low <= value <= given.high:
                raise ValueError(
                    f"xgboost.{name} is {value}, outside of its search: {given.low} to {given.high}"
                )
        return self


@lru_cache(maxsize=8)
def load(model: str) -> Params:
    """The parameters of `models/<model>`; raises AlluviumError naming the field that is wrong."""
    text = file_of(model).read_text(encoding="utf-8")
    try:
        return Params.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise AlluviumError(f"{field}: {first['msg']}", where=f"models/{model}/params.yml") from None


def file_of(model: str) -> Path:
    """Where a model's parameters stand."""
    return Path(str(files("models"))) / model / "params.yml"


def with_values(text: str, values: Mapping[str, Any]) -> str:
    """The text of a params.yml with other values in its section `xgboost`; comments stay where they are."""
    head, section, tail = re.split(r"(?m)^(xgboost:\n(?:[ #].*\n|\n)*)", text, maxsplit=1)
    for name, value in values.items():
        section = re.sub(rf"(?m)^(  {re.escape(name)}: )\S+", rf"\g<1>{value}", section)
    return head + section + tail
