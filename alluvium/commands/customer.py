"""`alluvium customer`: a golden record and where each value comes from; the marts of an earlier night."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from alluvium.commands import customer_rollback
from alluvium.console import console, print_json, table
from alluvium.errors import AlluviumError
from alluvium.nights.last_night import LastNight
from alluvium.settings import Settings, get_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Golden records, and the way back.")
app.command(epilog=customer_rollback.EPILOG)(customer_rollback.rollback)

ATTRIBUTES = {
    "name": ("title", "first_name", "last_name"),
    "email": ("email",),
    "phone": ("phone",),
    "birth_date": ("birth_date",),
    "address": ("street", "city", "state", "postal_code", "country"),
    "gender": ("gender",),
    "language": ("language",),
}
PROVENANCE = ("source", "record_key", "observed_at", "rule", "count_lost_values")
GOLDEN = "select * from pii.customers where customer_id = ?"
# What is there besides: each is left out of the card while its table is not made yet.
ABOUT = {
    "gold.customers": "select first_seen_on, last_ordered_on, region, age_band, count_records, count_sources "
    "from gold.customers where customer_id = ?",
    "gold.customer_rfm": "select rfm_group, frequency as orders_365d, monetary as spend_365d "
    "from gold.customer_rfm where customer_id = ?",
    "ml.churn_scores": "select churn_probability from ml.churn_scores where customer_id = ? "
    "order by horizon_days limit 1",
}
CONSENTS = """
select purpose, status, valid_from from gold.consents where customer_id = ? and is_current order by purpose
"""
SEGMENTS = """
select segment, entered_at from published.segment_members
where customer_id = ? and left_at is null order by segment
"""
# Every value that a record of the customer holds; the golden ones are taken away where they are shown.
HELD = """
with held as (
    select
        source,
        observed_at,
        {'name': concat_ws(' ', title, first_name, last_name), 'email': email, 'phone': phone,
         'birth_date': birth_date::varchar,
         'address': concat_ws(', ', street, city, state, postal_code)} as parts
    from pii.identity_records
    inner join identity.customer_records using (record_key, source)
    where customer_id = ? and tier = 'strict' and is_current
),
valued as (
    select source, observed_at, unnest(['name', 'email', 'phone', 'birth_date', 'address']) as attribute,
        unnest([parts.name, parts.email, parts.phone, parts.birth_date, parts.address]) as value
    from held
)
select attribute, value, string_agg(distinct source, ', ' order by source) as sources,
    count(*) as records, max(observed_at) as last_observed_at
from valued where nullif(value, '') is not null
group by attribute, value order by attribute, records desc, value
"""


def _golden(lake: LastNight, customer_id: str) -> list[dict[str, Any]]:
    """The surviving values with their provenance, one row per attribute that has one."""
    found = lake.rows(GOLDEN, customer_id)
    if not found:
        raise AlluviumError(
            f"There is no customer {customer_id}",
            do='`alluvium sql "select customer_id from gold.customers limit 5"` gives some ids',
        )
    held = found[0]
    values = {name: _joined(name, [held[field] for field in fields]) for name, fields in ATTRIBUTES.items()}
    return [
        {"attribute": name, "value": value} | {part: held[f"{name}_{part}"] for part in PROVENANCE}
        for name, value in values.items()
        if value
    ]


def _joined(attribute: str, parts: list[Any]) -> str:
    return (", " if attribute == "address" else " ").join(str(part) for part in parts if part is not None)


def _lost(lake: LastNight, customer_id: str, golden: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Values of the customer's records that did not survive; a record's address has no country."""
    kept = {(row["attribute"], row["value"]) for row in golden}
    kept |= {("address", row["value"].rpartition(", ")[0]) for row in golden if row["attribute"] == "address"}
    return [row for row in lake.rows(HELD, customer_id) if (row["attribute"], row["value"]) not in kept]


def card(settings: Settings, asked_for: str, *, with_lost: bool = False) -> dict[str, Any]:
    """Everything the card shows: golden values with provenance, a summary, consents, segments, lost values.

    Opens the pii schema and notes that in `ops.audit`. Raises AlluviumError for an id that nobody has.
    """
    from alluvium.privacy import audit

    lake = LastNight(settings, with_pii=True)
    customer_id = lake.id_of_today(asked_for)
    golden = _golden(lake, customer_id)
    audit.note(settings, "customer.show", customer_id)
    about = [lake.rows(query, customer_id) for name, query in ABOUT.items() if lake.has(name)]
    found = {
        "customer_id": customer_id,
        "asked_for": asked_for,
        "summary": {name: value for part in about for row in part for name, value in row.items()},
        "values": golden,
        "consents": lake.rows(CONSENTS, customer_id) if lake.has("gold.consents") else [],
        "segments": lake.rows(SEGMENTS, customer_id) if lake.has("published.segment_members") else [],
    }
    return found | ({"lost": _lost(lake, customer_id, golden)} if with_lost else {})


def _show(found: dict[str, Any]) -> None:
    if found["asked_for"] != found["customer_id"]:
        console.print(f"{found['asked_for']} is {found['customer_id']} today.")
    summary = ", ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in found["summary"].items() if value
    )
    console.print(f"[bold]{found['customer_id']}[/]  {summary}\n")
    columns = ["attribute", "value", "source", "observed", "rule", "others"]
    table(None, columns, [_line(row) for row in found["values"]])
    if found.get("lost"):
        console.print()
        cells = [
            [r["attribute"], r["value"], r["sources"], f"{r['last_observed_at']:%Y-%m-%d}"]
            for r in found["lost"]
        ]
        table("Values that did not survive", ["attribute", "value", "sources", "last observed"], cells)
    for name, at in (("consents", "valid_from"), ("segments", "entered_at")):
        if listed := found[name]:
            console.print()
            first = [key for key in listed[0] if key != at]
            cells = [[*(row[key] for key in first), str(row[at])[:10]] for row in listed]
            table(name.capitalize(), [*first, "since"], cells)


def _line(row: dict[str, Any]) -> list[Any]:
    seen = row["observed_at"]
    return [
        row["attribute"].replace("_", " "),
        row["value"],
        row["source"],
        f"{seen:%Y-%m-%d}" if seen else None,
        row["rule"].replace("_", " "),
        row["count_lost_values"],
    ]


@app.callback()
def customer() -> None:
    """Golden records, and the way back."""


@app.command(epilog="Example: alluvium customer show C1a2b3c4d5e6f7a8b --lost")
def show(
    customer_id: Annotated[str, typer.Argument(help="A customer_id of today or of any earlier night.")],
    lost: Annotated[bool, typer.Option("--lost", help="Also the values that did not survive.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show the golden record: each value, which source it is from, by which rule, and how many others lost.

    Personal data: that you looked is noted in ops.audit.
    """
    found = card(get_settings(), customer_id, with_lost=lost)
    if as_json:
        print_json(found)
    else:
        _show(found)
