"""Everything that is held about one person, for that person: from which source, for what, and nobody else's.

GDPR articles 15 and 20: personal values as delivered, what was derived from them, consents, to whom they
went. Rows are found as an erasure finds them, so what is given out is what would be erased.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alluvium import catalog
from spark_jobs.privacy.erasure.rules import Rule, rules
from spark_jobs.privacy.lake import Lake
from spark_jobs.privacy.people import Person

# Ids of ours say nothing to the person, a link names somebody else's record beside theirs, and what the vault
# seals stands in pii.customers.
LEFT_OUT = {
    "identity.compared",
    "identity.links",
    "identity.review_queue",
    "published.audience_drafts",
    "pii.contact_vault",
}
PURPOSES = {
    "bronze": "As delivered, kept to be able to correct mistakes",
    "silver": "The current truth of a source",
    "pii": "To know and reach the customer",
    "identity": "To know which records are the same customer",
    "intermediate": "A step of calculation",
    "gold": "Analytics and service",
    "ml": "Predictions, where profiling is allowed",
    "support": "To recognise who is calling",
    "published": "Recommendations, segments and advertising, where allowed",
}


@dataclass(frozen=True)
class Held:
    """The rows of one table."""

    table: str
    holds: str
    purpose: str
    rows: Sequence[Mapping[str, Any]]


def held(lake: Lake, person: Person) -> Iterator[Held]:
    """Every table with rows of the person, and these rows."""
    found = {*person.customer_ids, *person.record_keys, *person.identifier_keys}
    lake.give("erased", ["key"], [[key] for key in sorted(found)])
    every = rules(((table, lake.columns(table)) for table in lake.tables), lake.settings)
    for rule in every:
        if rule.table in LEFT_OUT or not rule.person_columns:
            continue
        rows = _rows(lake, rule)
        if rows:
            schema = rule.table.partition(".")[0]
            known = catalog.TABLES.get(rule.table)
            said = known.comment if known else catalog.SCHEMAS[schema]
            yield Held(rule.table, said, PURPOSES.get(schema, ""), rows)


def _rows(lake: Lake, rule: Rule) -> list[dict[str, Any]]:
    whose = " OR ".join(
        f'coalesce("{name}" IN (SELECT key FROM erased), false)' for name in rule.person_columns
    )
    return lake.dicts(f"SELECT * FROM {rule.table} WHERE {whose}")


def document(lake: Lake, person: Person) -> dict[str, Any]:
    """The whole answer as plain values."""
    return {
        "made_at": datetime.now(UTC).isoformat(),
        "records": [{"source": source, "id": record} for source, record in person.sources],
        "identifiers": [{"kind": kind, "value": value} for kind, value in person.identifiers],
        "tables": [
            {"table": part.table, "holds": part.holds, "purpose": part.purpose, "rows": list(part.rows)}
            for part in held(lake, person)
        ],
    }


def as_json(answer: Mapping[str, Any]) -> str:
    """For machines: article 20."""
    return json.dumps(answer, default=str, ensure_ascii=False, indent=1)


def as_html(answer: Mapping[str, Any]) -> str:
    """For people: one page without scripts, to be read anywhere."""
    parts = [
        "<!doctype html><meta charset='utf-8'><title>What we hold about you</title>",
        "<style>body{font:15px/1.5 system-ui;max-width:70rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse;font-size:13px}td,th{border:1px solid #ddd;padding:.2rem .5rem;"
        "text-align:left}details{margin:.7rem 0}</style><h1>What we hold about you</h1>",
        f"<p>As of {html.escape(str(answer['made_at']))}.</p>",
        _table(answer["identifiers"]),
    ]
    for part in answer["tables"]:
        title = f"{part['table']}: {len(part['rows'])} rows"
        said = f"{part['holds']} What for: {part['purpose']}."
        parts.append(
            f"<details><summary>{html.escape(title)}</summary><p>{html.escape(said)}</p>"
            f"{_table(part['rows'])}</details>"
        )
    return "".join(parts)


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    names = list(rows[0])
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_shown(row[name]))}</td>" for name in names) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _shown(value: Any) -> str:
    return "" if value is None else str(value)
