"""The breakdowns of `breakdowns.yml`, read and checked."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alluvium.errors import AlluviumError, UsageError

FILE = Path(__file__).with_name("breakdowns.yml")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Breakdown(_Strict):
    """One breakdown: what is counted, how much of one customer counts, and what a month of it costs."""

    description: str
    unit: str
    rows: str
    groups: tuple[str, ...] = Field(min_length=1)
    most_groups: int = Field(ge=1)
    most_value: int = Field(ge=1)
    epsilon: float = Field(gt=0, le=5)

    @property
    def sensitivity(self) -> int:
        """By how much one customer can change all figures together (L1)."""
        return min(self.most_groups, len(self.groups)) * self.most_value

    @property
    def scale(self) -> float:
        """The scale of the Laplace noise that makes a release of `epsilon`."""
        return self.sensitivity / self.epsilon

    @property
    def version(self) -> str:
        """A hash of the definition."""
        return sha256(self.model_dump_json().encode()).hexdigest()[:12]


class Definitions(_Strict):
    """All breakdowns, and how much they may cost together in a calendar year."""

    budget_of_a_year: float = Field(gt=0)
    breakdowns: dict[str, Breakdown]

    def get(self, name: str) -> Breakdown:
        """The breakdown of that name. Raises UsageError when there is none."""
        if name not in self.breakdowns:
            known = ", ".join(sorted(self.breakdowns))
            raise UsageError(f"There is no breakdown {name!r}", do=f"Known are {known}")
        return self.breakdowns[name]


def load(file: Path = FILE) -> Definitions:
    """The definitions. Raises AlluviumError naming what is wrong."""
    try:
        return Definitions.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        raise AlluviumError(first["msg"], where=f"{file.name}: {'.'.join(map(str, first['loc']))}") from None
