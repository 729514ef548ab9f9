"""`alluvium identity show`: the records of a customer and what happened to its id."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from alluvium.commands.identity.lake import Json, Tier, ask, check_tier
from alluvium.console import console, print_json, table
from alluvium.errors import AlluviumError
from alluvium.settings import Settings, get_settings

RECORDS = """
    select record_key, source, record_kind, valid_from, valid_to, is_current
    from identity.customer_records where customer_id = ? and tier = ?
    order by is_current desc, source, record_key
"""
LINKS = """
    select record_key_1, record_key_2, rule, links.tier, probability, evidence
    from identity.links
    inner join identity.customer_records as records on record_key = record_key_1
    where customer_id = ? and records.tier = ? and is_current
    order by record_key_1, record_key_2, rule
"""
CHANGES = """
    select run_date, change, other_customer_id, record_key, cause, count_records
    from identity.changes where customer_id = ? and tier = ?
    order by run_date, change, other_customer_id, record_key
"""


def show(
    customer_id: Annotated[str, typer.Argument(help="An id of today or of any earlier night")],
    tier: Tier = "strict",
    as_json: Json = False,
) -> None:
    """Show the records of a customer, the links between them and what happened to the id."""
    check_tier(tier)
    settings = get_settings()
    found = _story(settings, _today(settings, customer_id), tier)
    if not found["records"]:
        raise AlluviumError(
            f"There is no customer {customer_id} in the tier {tier}", do="`alluvium sql` finds ids"
        )
    if as_json:
        print_json({"asked_for": customer_id} | found)
        return
    _show_story(customer_id, found)


def _today(settings: Settings, customer_id: str) -> str:
    query = "select customer_id from identity.redirects where old_customer_id = ?"
    led = ask(settings, query, [customer_id])
    return str(led["customer_id"][0]) if led.height else customer_id


def _story(settings: Settings, customer_id: str, tier: str) -> dict[str, Any]:
    """The customer's records of all times, links between those of today, and changes of the id."""
    records, links, changes = (
        ask(settings, query, [customer_id, tier]).to_dicts() for query in (RECORDS, LINKS, CHANGES)
    )
    held = {row["record_key"] for row in records if row["is_current"]}
    inner = [row for row in links if row["record_key_2"] in held]
    return {"customer_id": customer_id, "records": records, "links": inner, "changes": changes}


def _show_story(asked_for: str, found: dict[str, Any]) -> None:
    if asked_for != found["customer_id"]:
        console.print(f"{asked_for} is {found['customer_id']} today.")
    for name in ("records", "links", "changes"):
        if rows := found[name]:
            table(
                name.capitalize(),
                [key.replace("_", " ") for key in rows[0]],
                [list(row.values()) for row in rows],
            )
