"""Small builders of records for the tests of this room."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from typing import Any

import polars as pl

from spark_jobs.identity import standardise

CLEAN = {
    "record_key": pl.String,
    "source": pl.String,
    "record_kind": pl.String,
    **{field: pl.Date if field == "birth_date" else pl.String for field in standardise.FIELDS},
    "observed_at": pl.Datetime("us", "UTC"),
    "first_seen_on": pl.Date,
    **{f"{kind}_key": pl.String for kind in ("loyalty_card", "user_id", "email", "phone", "anonymous_id")},
}
IDENTIFIERS = {"record_key": pl.String, "kind": pl.String, "key": pl.String, "is_owner": pl.Boolean}


def key_of(*parts: str) -> str:
    """A key that says nothing about the parts, as record keys do."""
    return sha256("/".join(parts).encode()).hexdigest()[:32]


def records(*rows: dict[str, Any]) -> pl.DataFrame:
    """Clean records; a row needs `record_key`, everything else has a default."""
    base = {"source": "crm", "record_kind": "person", "first_seen_on": date(2017, 1, 1)}
    full = [{**dict.fromkeys(CLEAN), **base, "observed_at": datetime(2017, 1, 1), **row} for row in rows]
    for row in full:
        row["email_key"] = row["email_key"] or (row["email"] and key_of("email", row["email"]))
        row["phone_key"] = row["phone_key"] or (row["phone"] and key_of("phone", row["phone"]))
    return standardise.clean(pl.DataFrame(full, schema=CLEAN, strict=False))


def identifiers(*rows: tuple[str, str, str] | tuple[str, str, str, bool]) -> pl.DataFrame:
    """Rows of record key, kind, value and, if it is the record's own id, True."""
    full = [(row[0], row[1], key_of(row[1], row[2]), len(row) == 4) for row in rows]
    return pl.DataFrame(full, schema=IDENTIFIERS, orient="row")


def together(clusters: pl.DataFrame, tier: str) -> set[frozenset[str]]:
    """The clusters as sets of record keys."""
    return {frozenset(rows["record_key"]) for _, rows in clusters.group_by(tier)}


Said = tuple[str, str, str]


def decisions(*said: Said) -> pl.DataFrame:
    """What people decided, the oldest first: one record, another record, the decision."""
    rows = [
        (*sorted(pair[:2]), pair[2], datetime(2017, 1, 1, 0, at), str(at)) for at, pair in enumerate(said)
    ]
    columns = ["record_key_1", "record_key_2", "decision", "decided_at", "decision_id"]
    return pl.DataFrame(
        rows, schema=dict.fromkeys(columns, pl.String) | {"decided_at": pl.Datetime}, orient="row"
    )
