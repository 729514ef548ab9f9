"""What goes where: `deliveries.yml` and `platforms.yml`, read and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from alluvium.errors import AlluviumError
from spark_jobs.publish.normalise import PLATFORMS

FOLDER = Path(__file__).parent
CUSTOMER_ID, UNSUBSCRIBE_URL = "customer_id", "unsubscribe_url"
OWN_FIELDS = (CUSTOMER_ID, UNSUBSCRIBE_URL)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Platform(_Strict):
    """How a platform's file looks and which consent it needs."""

    purpose: str
    also_granted: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = Field(min_length=1)
    one_identifier_per_file: bool = False
    one_row_per_address: bool = False
    for_people: bool = False
    chunk_rows: int = Field(ge=1)
    columns: dict[str, str] = Field(min_length=1)

    @property
    def required(self) -> list[str]:
        """Every purpose that a person must have granted."""
        return [self.purpose, *self.also_granted]

    @property
    def fields(self) -> list[str]:
        """The contact details that the file holds."""
        return [field for field in self.columns.values() if field not in OWN_FIELDS]


class Guards(_Strict):
    """How far an audience may be from what is usual; what is not stated is not guarded."""

    smallest: int | None = Field(default=None, ge=1)
    largest: int | None = Field(default=None, ge=1)
    largest_change: float | None = Field(
        default=None, gt=0, description="Added or removed, as a share of those before"
    )
    lowest_match_rate: float | None = Field(
        default=None, ge=0, le=1, description="Share of the allowed members who have a usable identifier"
    )


class ConsentFeed(_Strict):
    """The source of consent choices, and how many days it may be silent."""

    source: str
    stale_after_days: int = Field(ge=1)


class ContactCap(_Strict):
    """How often a person may enter the files of a channel (a platform), whatever the segment.

    `event` names an event that is a contact too, such as `Email Delivered`: whichever happened more often
    counts.
    """

    most: int = Field(ge=1, description="Contacts within `in_days`")
    in_days: int = Field(ge=1, le=366)
    quiet_days: int = Field(default=0, ge=0, le=366, description="Days of rest after each contact")
    event: str | None = None


class Delivery(_Strict):
    """One segment to one platform. What is not stated is the platform's or the plan's."""

    segment: str
    platform: str
    purpose: str | None = None
    identifiers: tuple[str, ...] | None = Field(default=None, min_length=1)
    mode: Literal["full", "diff"] = "full"
    chunk_rows: int | None = Field(default=None, ge=1)
    folder: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_/-]*$")
    minimum_size: int | None = Field(default=None, ge=1)
    guards: Guards | None = None

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.segment} to {self.platform}"


class Plan(_Strict):
    """All deliveries of a night."""

    unsubscribe_url: str = Field(pattern=r"^https://\S*\{token\}\S*$")
    minimum_size: int = Field(ge=1)
    guards: Guards = Guards()
    consent_feed: ConsentFeed | None = None
    contact_caps: dict[str, ContactCap] = {}
    deliveries: tuple[Delivery, ...]
    platforms: dict[str, Platform]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        seen = set()
        for delivery in self.deliveries:
            if delivery.platform not in self.platforms:
                raise ValueError(f"{delivery.name}: platforms.yml has no {delivery.platform!r}")
            if (delivery.segment, delivery.platform) in seen:
                raise ValueError(f"{delivery.name} is planned twice")
            seen.add((delivery.segment, delivery.platform))
            self._check_own(delivery)
        if unknown := self.contact_caps.keys() - self.platforms.keys():
            raise ValueError(f"contact_caps: platforms.yml has no {', '.join(sorted(unknown))}")
        for name, platform in self.platforms.items():
            unknown = {*platform.fields, *platform.identifiers} - PLATFORMS.get(name, {}).keys()
            if unknown:
                raise ValueError(f"{name} takes no {', '.join(sorted(unknown))}")
        return self

    def _check_own(self, delivery: Delivery) -> None:
        platform = self.platforms[delivery.platform]
        if delivery.purpose not in (None, platform.purpose):
            raise ValueError(f"{delivery.name}: its purpose is {platform.purpose}, not {delivery.purpose}")
        unknown = set(delivery.identifiers or ()) - set(platform.identifiers)
        if unknown:
            raise ValueError(f"{delivery.name}: {', '.join(sorted(unknown))} identifies nobody there")

    def platform_of(self, delivery: Delivery) -> Platform:
        """The platform as this delivery uses it."""
        platform = self.platforms[delivery.platform]
        own: dict[str, Any] = {}
        if delivery.identifiers:
            left_out = set(platform.identifiers) - set(delivery.identifiers)
            own["identifiers"] = delivery.identifiers
            own["columns"] = {k: v for k, v in platform.columns.items() if v not in left_out}
        if delivery.chunk_rows:
            own["chunk_rows"] = delivery.chunk_rows
        return platform.model_copy(update=own)

    def minimum_of(self, delivery: Delivery) -> int:
        """The smallest audience that may go out, whatever anybody approves."""
        return delivery.minimum_size or self.minimum_size

    def guards_of(self, delivery: Delivery) -> Guards:
        """The delivery's own bounds, and the plan's where it states none."""
        own = delivery.guards.model_dump(exclude_none=True) if delivery.guards else {}
        return self.guards.model_copy(update=own)


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise AlluviumError(f"Not YAML: {error.problem}", where=f"{path.name}, line {line}") from None


def load(folder: Path = FOLDER) -> Plan:
    """Read both files; raises AlluviumError that names the entry which cannot be used."""
    deliveries, platforms = _read(folder / "deliveries.yml"), _read(folder / "platforms.yml")
    try:
        return Plan.model_validate({**deliveries, "platforms": platforms})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "deliveries"
        file = "platforms.yml" if place.startswith("platforms") else "deliveries.yml"
        raise AlluviumError(
            f"The deliveries cannot be read: {first['msg']}", where=f"{file}, {place}"
        ) from None
