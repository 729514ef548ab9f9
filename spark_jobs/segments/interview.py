"""Questions and answers that become a rule document, for people who would rather not write YAML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value


def _field(ask: Ask) -> dict[str, Any]:
    name = ask("Which field?", sorted(FIELDS), None)
    known = FIELDS[name]
    made: dict[str, Any] = {"field": name}
    if known.has_horizon:
        made["horizon_days"] = int(ask("Horizon of the score in days?", None, "30"))
    operator = ask("Compared how?", list(OPERATORS[known.kind]), None)
    made[operator] = _compared_with(ask, known.kind, operator)
    return made


def _compared_with(ask: Ask, kind: str, operator: str) -> Any:
    if operator == "is_missing" or kind == "flag":
        return ask("Yes or no?", ["yes", "no"], "yes") == "yes"
    if operator == "one_of":
        return [part.strip() for part in ask("Which ones, separated by commas?", None, None).split(",")]
    answer = ask("With what?", None, None)
    return _number(answer) if kind == "number" or operator.endswith("_days") else answer


def _event(ask: Ask) -> dict[str, Any]:
    return {
        "event": ask("Which event?", list(EVENTS), None),
        "at_least": int(ask("At least how many times?", None, "1")),
        "in_last_days": int(ask("In the last how many days?", None, "30")),
    }


def _sequence(ask: Ask) -> dict[str, Any]:
    return {
        "event": ask("Which event?", list(EVENTS), "Product Added"),
        "not_followed_by": ask("Not followed by which?", list(EVENTS), "Order Completed"),
        "within_hours": int(ask("Within how many hours?", None, "24")),
        "in_last_days": int(ask("In the last how many days?", None, "7")),
    }


def _bought(ask: Ask) -> dict[str, Any]:
    what = ask("A what?", ["product_category", "department", "brand", "product_id"], "product_category")
    names = ask("Which ones, separated by commas?", None, None)
    return {
        "bought": what,
        "one_of": [part.strip() for part in names.split(",")],
        "at_least": int(ask("At least how many times?", None, "1")),
        "in_last_days": int(ask("In the last how many days?", None, "90")),
    }


def _campaign(ask: Ask) -> dict[str, Any]:
    return {"received_campaign": int(ask("Which campaign (its number)?", None, None))}


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
                int(ask("At least how many customers?", None, "20")),
                int(ask("At most how many?", None, "50000")),
            ],
            "change_percent": int(ask("At most how many percent may change in a night?", None, "30")),
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
