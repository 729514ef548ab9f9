"""Questions and answers that become a rule document, for people who would rather not write YAML."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

import yaml

from spark_jobs.segments.rules.document import OPERATORS
from spark_jobs.segments.rules.fields import EVENTS, FIELDS

Ask = Callable[[str, list[str] | None, str | None], str]
"""question, choices (None: free text), default -> answer"""

SCHEMA_LINE = "# yaml-language-server: $schema=../rules/rules.schema.json\n"
KINDS = {
    "something known of the customer (field, RFM, score)": "field",
    "did something so many times in the last days": "event",
    "did something, but not something else after it": "sequence",
    "bought a category, department or brand": "bought",
    "received a campaign": "campaign",
}


T = TypeVar("T")


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value


def _read(ask: Ask, question: str, default: str | None, reader: Callable[[str], T], what: str) -> T:
    """Ask until the answer can be read, so that a slip does not cost the answers before it."""
    asked = question
    while True:
        answer = ask(asked, None, default)
        try:
            return reader(answer)
        except ValueError:
            asked = f"{answer!r} is not {what}. {question}"


def _count(ask: Ask, question: str, default: str | None = None) -> int:
    return _read(ask, question, default, int, "a whole number")


def _field(ask: Ask) -> dict[str, Any]:
    name = ask("Which field?", sorted(FIELDS), None)
    known = FIELDS[name]
    made: dict[str, Any] = {"field": name}
    if known.has_horizon:
        made["horizon_days"] = _count(ask, "Horizon of the score in days?", "30")
    operator = ask("Compared how?", list(OPERATORS[known.kind]), None)
    made[operator] = _compared_with(ask, known.kind, operator)
    return made


def _compared_with(ask: Ask, kind: str, operator: str) -> Any:
    if operator == "is_missing" or kind == "flag":
        return ask("Yes or no?", ["yes", "no"], "yes") == "yes"
    if operator == "one_of":
        return [part.strip() for part in ask("Which ones, separated by commas?", None, None).split(",")]
    if operator.endswith("_days"):
        return _count(ask, "How many days?")
    if kind == "number":
        return _read(ask, "With what?", None, _number, "a number")
    if kind == "date":
        return _read(ask, "With which day?", None, date.fromisoformat, "a day like 2017-11-02")
    return ask("With what?", None, None)


def _event(ask: Ask) -> dict[str, Any]:
    return {
        "event": ask("Which event?", list(EVENTS), None),
        "at_least": _count(ask, "At least how many times?", "1"),
        "in_last_days": _count(ask, "In the last how many days?", "30"),
    }


def _sequence(ask: Ask) -> dict[str, Any]:
    return {
        "event": ask("Which event?", list(EVENTS), "Product Added"),
        "not_followed_by": ask("Not followed by which?", list(EVENTS), "Order Completed"),
        "within_hours": _count(ask, "Within how many hours?", "24"),
        "in_last_days": _count(ask, "In the last how many days?", "7"),
    }


def _bought(ask: Ask) -> dict[str, Any]:
    what = ask("A what?", ["product_category", "department", "brand", "product_id"], "product_category")
    names = ask("Which ones, separated by commas?", None, None)
    return {
        "bought": what,
        "one_of": [part.strip() for part in names.split(",")],
        "at_least": _count(ask, "At least how many times?", "1"),
        "in_last_days": _count(ask, "In the last how many days?", "90"),
    }


def _campaign(ask: Ask) -> dict[str, Any]:
    return {"received_campaign": _count(ask, "Which campaign (its number)?")}


_MAKERS: dict[str, Callable[[Ask], dict[str, Any]]] = {
    "field": _field, "event": _event, "sequence": _sequence, "bought": _bought, "campaign": _campaign,
}  # fmt: skip


def interview(ask: Ask) -> str:
    """The document's text. Whatever comes out is read by the same rules as a document by hand."""
    head = {
        "owner": ask("Who answers for it (a team)?", None, "crm-team"),
        "purposes": [
            part.strip() for part in ask("For which consent purposes?", None, "marketing_email").split(",")
        ],
        "schedule": ask("Decided when?", ["nightly", "every 30 minutes"], "nightly"),
        "guard": {
            "size": [
                _count(ask, "At least how many customers?", "20"),
                _count(ask, "At most how many?", "50000"),
            ],
            "change_percent": _count(ask, "At most how many percent may change in a night?", "30"),
        },
        "description": ask("Who is meant, in one sentence?", None, None),
    }
    how = ask("Of the conditions that follow, which must hold?", ["all", "any", "none"], "all")
    conditions: list[dict[str, Any]] = []
    while not conditions or ask("Another condition?", ["yes", "no"], "no") == "yes":
        kind = KINDS[ask("A condition about what?", list(KINDS), None)]
        conditions.append(_MAKERS[kind](ask))
    text = yaml.safe_dump({**head, "rules": {how: conditions}}, sort_keys=False, allow_unicode=True)
    return SCHEMA_LINE + text
