"""The rule document as it is written: what pydantic accepts is all that the compiler ever sees."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from spark_jobs.segments.header import SCHEDULES
from spark_jobs.segments.rules.fields import EVENTS, FIELDS

MOST_CONDITIONS, DEEPEST = 50, 5
OPERATORS = {
    "number": ("is", "is_not", "at_least", "at_most", "above", "below", "is_missing"),
    "text": ("is", "is_not", "one_of", "is_missing"),
    "date": ("in_last_days", "not_in_last_days", "on_or_after", "before", "is_missing"),
    "flag": ("is", "is_missing"),
}


def _near(name: str, known: Any) -> str:
    # By letters only: `Product viewed` means `Product Viewed`.
    lowered = {one.lower(): one for one in known}
    near = get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    return f"did you mean {lowered[near[0]]!r}?" if near else f"known are {', '.join(sorted(known))}"


def _known_field(name: object) -> object:
    if name not in FIELDS:
        raise ValueError(f"there is no field {str(name)[:60]!r}; {_near(str(name)[:60], FIELDS)}")
    return name


def _known_event(name: object) -> object:
    if name not in EVENTS:
        raise ValueError(f"there is no event {str(name)[:60]!r}; {_near(str(name)[:60], EVENTS)}")
    return name


FieldName = Annotated[str, BeforeValidator(_known_field), Field(json_schema_extra={"enum": sorted(FIELDS)})]
EventName = Annotated[str, BeforeValidator(_known_event), Field(json_schema_extra={"enum": list(EVENTS)})]
Days = Annotated[int, Field(ge=1, le=3650)]
# Control characters mean nothing to a reader and something else to every engine.
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FieldCondition(_Strict):
    """A field of the customer, of RFM or of the scores, and one comparison."""

    field: FieldName
    horizon_days: int | None = Field(default=None, ge=1, description="Of a score: 30, 60, ...")
    is_: bool | int | float | Text | None = Field(default=None, alias="is")
    is_not: int | float | Text | None = None
    one_of: tuple[Text, ...] | None = Field(default=None, min_length=1, max_length=1000)
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    in_last_days: Days | None = None
    not_in_last_days: Days | None = None
    on_or_after: date | None = None
    before: date | None = None
    is_missing: bool | None = None

    @property
    def comparison(self) -> tuple[str, Any]:
        """Name and value of the one comparison that is given."""
        names = ("is_", *{op for ops in OPERATORS.values() for op in ops if op != "is"})
        given = [(name, getattr(self, name)) for name in sorted(names) if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"{self.field}: give exactly one comparison, such as `at_least: 4`")
        return given[0]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        known = FIELDS[self.field]
        operator, value = self.comparison
        allowed = OPERATORS[known.kind]
        if operator.rstrip("_") not in allowed:
            raise ValueError(f"{self.field} is a {known.kind}: use one of {', '.join(allowed)}")
        if operator == "is_" and isinstance(value, bool) != (known.kind == "flag"):
            raise ValueError(f"{self.field} is a {known.kind}, {value!r} is not")
        if operator in ("is_", "is_not") and isinstance(value, str) != (known.kind == "text"):
            raise ValueError(f"{self.field} is a {known.kind}, {value!r} is not")
        if known.has_horizon == (self.horizon_days is None):
            need = "needs horizon_days" if known.has_horizon else "has no horizon_days"
            raise ValueError(f"{self.field} {need}")
        return self


class _Counted(_Strict):
    at_least: int | None = Field(default=None, ge=1, le=1_000_000)
    at_most: int | None = Field(default=None, ge=0, le=1_000_000)
    in_last_days: Days

    @model_validator(mode="after")
    def _counts(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("say how often: `at_least: 1` or `at_most: 0`")
        return self


class EventCondition(_Counted):
    """Did something at least, or at most, so many times in the last days."""

    event: EventName
    product_id: Text | None = None


class SequenceCondition(_Strict):
    """Did something, and not something else within so many hours after it."""

    event: EventName
    not_followed_by: EventName
    within_hours: int = Field(ge=1, le=24 * 90)
    in_last_days: Days


class BoughtCondition(_Counted):
    """Bought products of a category, department or brand: order lines in the last days."""

    bought: Literal["product_category", "department", "brand", "product_id"]
    one_of: tuple[Text, ...] = Field(min_length=1, max_length=1000)


class CampaignCondition(_Strict):
    """Received a campaign, whenever that was."""

    received_campaign: int = Field(ge=0)


class AllOf(_Strict):
    """Every one of them holds."""

    all: tuple[Condition, ...] = Field(min_length=1, max_length=MOST_CONDITIONS)


class AnyOf(_Strict):
    """At least one of them holds."""

    any: tuple[Condition, ...] = Field(min_length=1, max_length=MOST_CONDITIONS)


class NoneOf(_Strict):
    """Not one of them holds."""

    none: tuple[Condition, ...] = Field(min_length=1, max_length=MOST_CONDITIONS)


Leaf = FieldCondition | EventCondition | SequenceCondition | BoughtCondition | CampaignCondition
Group = AllOf | AnyOf | NoneOf
_KINDS: dict[str, type[BaseModel]] = {
    "all": AllOf, "any": AnyOf, "none": NoneOf, "field": FieldCondition, "not_followed_by": SequenceCondition,
    "event": EventCondition, "bought": BoughtCondition, "received_campaign": CampaignCondition,
}  # fmt: skip


def _by_its_key(value: Any) -> Any:
    """One clear error for the kind that is meant, not one for each kind that there is."""
    if isinstance(value, BaseModel):
        return value
    kind = next((kind for key, kind in _KINDS.items() if isinstance(value, dict) and key in value), None)
    if kind is None:
        raise ValueError(f"a condition has one of the keys {', '.join(_KINDS)}")
    return kind.model_validate(value)


Condition = Annotated[Group | Leaf, BeforeValidator(_by_its_key)]


class GuardDocument(_Strict):
    """How far a night may move the segment."""

    size: tuple[int, int]
    change_percent: int | None = Field(default=None, ge=1)


class PriorityDocument(_Strict):
    """Its place among segments that exclude each other; the lowest place goes first."""

    group: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    place: int = Field(ge=0, le=999)


class TargetDocument(_Strict):
    """The share of members who should do something; the night proposes another bound of the field `by`."""

    outcome: Literal["ordered", "redeemed", "clicked"]
    percent: float = Field(gt=0, lt=100)
    in_days: int = Field(ge=1, le=365)
    by: FieldName


class Document(_Strict):
    """One segment as rules."""

    owner: Text
    purposes: tuple[Annotated[str, Field(pattern="^[a-z][a-z_]*$")], ...] = Field(min_length=1)
    schedule: Literal["nightly", "every 30 minutes"] = "nightly"
    guard: GuardDocument
    holdout_percent: int | None = Field(default=None, ge=1, le=50)
    expires: date | None = None
    priority: PriorityDocument | None = None
    target: TargetDocument | None = None
    description: Text
    rules: Condition

    @model_validator(mode="after")
    def _fits(self) -> Self:
        assert self.schedule in SCHEDULES
        if self.guard.size[0] > self.guard.size[1]:
            raise ValueError("guard: the smaller size comes first")
        leaves, depth = measure(self.rules)
        if leaves > MOST_CONDITIONS or depth > DEEPEST:
            raise ValueError(f"at most {MOST_CONDITIONS} conditions, nested at most {DEEPEST} deep")
        return self


def parts(group: Group) -> tuple[Any, ...]:
    """The conditions of a group."""
    (conditions,) = (getattr(group, name) for name in type(group).model_fields)
    return tuple(conditions)


def measure(condition: Any) -> tuple[int, int]:
    """Number of leaves, and depth."""
    if not isinstance(condition, Group):
        return 1, 1
    below = [measure(part) for part in parts(condition)]
    return sum(leaves for leaves, _ in below), 1 + max(depth for _, depth in below)


for _model in (AllOf, AnyOf, NoneOf, Document):
    _model.model_rebuild()
