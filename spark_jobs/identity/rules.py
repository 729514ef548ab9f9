"""The rules of matching: `rules.yml`, the nickname table and the list of values that link nobody."""

from __future__ import annotations

import csv
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alluvium.errors import AlluviumError
from alluvium.settings import Settings

HERE = Path(__file__).parent
OTHER = "other"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IdentifierRule(_Strict):
    """When records that share a value of one kind of identifier are one person."""

    agree: Literal["first_name", "full_name"]
    max_people: int = Field(ge=1)
    max_records: int = Field(ge=2)


class Blocking(_Strict):
    """How many pairs may be looked at."""

    pairs_per_record: float = Field(gt=0)


class Tiers(_Strict):
    """Probability that a similar pair must reach."""

    strict: float = Field(gt=0, lt=1)
    loose: float = Field(gt=0, lt=1)


class Review(_Strict):
    """Which pairs a person should look at."""

    from_probability: float
    to_probability: float
    max_pairs: int
    value: dict[str, str] = {}


class Limits(_Strict):
    """Sizes at which this way of matching stops."""

    driver_records: int
    component: int = Field(ge=2)


class Gate(_Strict):
    """What stops a night before it writes; shares are of yesterday, `few` never stop one."""

    max_merged_share: float = Field(default=0.05, gt=0, le=1)
    max_moved_share: float = Field(default=0.05, gt=0, le=1)
    max_records: int = Field(default=150, ge=2)
    few: int = Field(default=20, ge=0)


class Frozen(_Strict):
    """How long the frozen model serves."""

    max_growth: float = Field(default=1.5, gt=1)


class Rules(_Strict):
    """Everything that decides who is who, beside the data and the model's parameters."""

    identifiers: dict[str, IdentifierRule]
    blocking: Blocking
    tiers: Tiers
    review: Review
    limits: Limits
    gate: Gate = Gate()
    model: Frozen = Frozen()

    def identifier(self, kind: str) -> IdentifierRule:
        """The rule of a kind of identifier; unlisted kinds share one."""
        return self.identifiers.get(kind, self.identifiers[OTHER])

    @cached_property
    def strength(self) -> dict[str, int]:
        """Rank of each listed kind, 0 the strongest."""
        return {kind: rank for rank, kind in enumerate(self.identifiers)}


def load(path: Path = HERE / "rules.yml") -> Rules:
    """Read the rules; raises AlluviumError naming the field that is wrong."""
    try:
        return Rules.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise AlluviumError(f"Identity rules are wrong at {field}: {first['msg']}", where=str(path)) from None


def own_file(settings: Settings) -> Path:
    """Where the rules of this home stand, when somebody applied others than those of Alluvium."""
    return settings.home / "identity" / "rules.yml"


def in_force(settings: Settings) -> Rules:
    """The rules that the nights of this home go by."""
    own = own_file(settings)
    return load(own) if own.is_file() else load()


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@lru_cache(maxsize=1)
def blocked_values() -> dict[str, frozenset[str]]:
    """Values that people type when they do not want to say, by kind of identifier or field."""
    found: dict[str, set[str]] = {}
    for row in _rows(HERE / "blocked_values.csv"):
        found.setdefault(row["kind"], set()).add(row["value"])
    return {kind: frozenset(values) for kind, values in found.items()}


@lru_cache(maxsize=1)
def nicknames() -> frozenset[tuple[str, str]]:
    """Pairs of different first names that one person may use: name and nickname, or two nicknames."""
    forms: dict[str, set[str]] = {}
    for row in _rows(HERE / "nicknames.csv"):
        forms.setdefault(row["name"], {row["name"]}).add(row["nickname"])
    return frozenset(
        (one, other) for names in forms.values() for one in names for other in names if one != other
    )
