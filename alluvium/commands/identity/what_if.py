"""`alluvium identity what-if`: what other rules would do, before anything is applied."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alluvium.commands.identity.lake import Json, ask
from alluvium.console import console, print_json, step, table
from alluvium.errors import UsageError
from alluvium.settings import Settings, get_settings

if TYPE_CHECKING:
    import polars as pl

    from spark_jobs.identity.rules import Rules
    from spark_jobs.identity.what_if import Difference

TODAY = """
    select record_key as customer, customer_id from identity.customer_records
    where is_current and tier = 'strict'
"""
REVENUE = "select customer_id, sum(order_total) as revenue from gold.orders group by customer_id"
AUDIENCES = """
    select customer_id, count(*) as memberships from published.audience_members
    where left_at is null group by customer_id
"""


def what_if(
    rules: Annotated[
        Path, typer.Option(help="The changed rules, in the form of spark_jobs/identity/rules.yml")
    ],
    apply: Annotated[bool, typer.Option("--apply", help="From the next night on these rules hold")] = False,
    reason: Annotated[str | None, typer.Option(help="With --apply: why; kept in ops.audit")] = None,
    as_json: Json = False,
) -> None:
    """Decide today's records by the changed rules and say what would become of the customers.

    Nothing is written without --apply.
    """
    from spark_jobs.identity import rules as the_rules

    if not rules.is_file():
        raise UsageError("There is no such rules file", where=str(rules))
    if apply and len((reason or "").strip()) < 3:
        raise UsageError("A reason is needed", do="Say it with --reason, for who reads it in a year")
    settings, changed = get_settings(), the_rules.load(rules)
    with step("Decide all records by both rules"):
        difference = _difference(settings, changed)
    found = difference.counts() | _touched(settings, difference) | {"is_applied": apply}
    if apply:
        _apply(settings, rules, str(reason))
    if as_json:
        print_json(found)
        return
    _show(found)


def _difference(settings: Settings, changed: Rules) -> Difference:
    from alluvium.commands.identity import today
    from spark_jobs.identity import what_if

    night = today.read(settings)
    return what_if.decide(night.records, night.bears, night.given, changed)


def _known(settings: Settings, query: str, table_name: str) -> pl.DataFrame | None:
    if not (settings.lake / table_name.replace(".", "/") / "_delta_log").is_dir():
        return None
    return ask(settings, query, [])


def _touched(settings: Settings, difference: Difference) -> dict[str, Any]:
    """Revenue and memberships of the customers that change, and examples by their ids."""
    ids = dict(ask(settings, TODAY, []).iter_rows())
    touched = {ids[key] for key in difference.touched() if key in ids}
    found: dict[str, Any] = {"customers_touched": len(difference.touched())}
    for name, query, source in (
        ("revenue", REVENUE, "gold.orders"), ("memberships", AUDIENCES, "published.audience_members"),
    ):  # fmt: skip
        rows = _known(settings, query, source)
        total = sum(value for key, value in rows.iter_rows() if key in touched) if rows is not None else 0
        found[f"{'audience_' if name == 'memberships' else ''}{name}_touched"] = total
    examples = [
        example
        | {"customer": ids.get(example["customer"], example["customer"])}
        | {"meets": [ids.get(key, key) for key in example["meets"] or []]}
        for example in difference.examples()
    ]
    return found | {"examples": examples}


def _apply(settings: Settings, rules: Path, reason: str) -> None:
    """Put the rules in force for this home, and note who did it and why."""
    from hashlib import sha256

    from alluvium.privacy import audit
    from spark_jobs.identity.rules import own_file

    text = rules.read_bytes()
    audit.note(settings, "identity.rules", sha256(text).hexdigest()[:12], reason)
    target = own_file(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".new")
    draft.write_bytes(text)
    draft.replace(target)


def _show(found: dict[str, Any]) -> None:
    examples = found.pop("examples")
    is_applied = found.pop("is_applied")
    table(None, ["customers", ""], [[name.replace("_", " "), value] for name, value in found.items()])
    if examples:
        rows = [
            [e["customer"], e["fate"].replace("_", " "), e["records"], ", ".join(e["meets"])]
            for e in examples
        ]
        table("Examples", ["customer", "becomes", "records", "comes together with"], rows)
    console.print(
        "These rules hold from the next night on." if is_applied else "Nothing was changed; --apply does it."
    )
