"""Rows of the quarantine that name a person in their raw text, whatever key they got."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from alluvium.contracts.contract import Contract
from spark_jobs.privacy.erasure.tables import Outcome
from spark_jobs.privacy.erasure.words import Words
from spark_jobs.privacy.lake import Lake

TABLE = "pii.quarantine"
COLUMNS = (
    "SELECT source, entity, _row_hash, header, raw_payload FROM pii.quarantine "
    "WHERE source = ? AND entity = ?"
)


def naming(
    lake: Lake, contracts: Sequence[Contract], words: Mapping[str, Words]
) -> list[tuple[str, str, str]]:
    """Source, entity and hash of the rows whose text has one of the words of its contract.

    The open rows of one contract are read at a time: memory holds their texts.
    """
    if TABLE not in lake.tables:
        return []
    found = []
    for contract in contracts:
        for row in lake.dicts(COLUMNS, [contract.source, contract.entity]):
            if _names(row, words[contract.name]):
                found.append((row["source"], row["entity"], row["_row_hash"]))
    return sorted(set(found))


def _names(row: dict[str, Any], words: Words) -> bool:
    payload = row["raw_payload"] or ""
    if words.are_in(payload.encode("utf-8", "surrogatepass")):
        return True
    if not row["header"]:
        return False
    header, cells = (next(csv.reader([text]), []) for text in (row["header"], payload))
    return any(
        cell.strip().encode("utf-8", "surrogatepass") in words.short_in(name)
        for name, cell in zip(header, cells, strict=False)
    )


def erase(lake: Lake, rows: Sequence[tuple[str, str, str]]) -> Outcome:
    """Delete those rows."""
    table = DeltaTable(str(lake.settings.lake / TABLE.replace(".", "/")))
    before = table.version()
    if not rows:
        return Outcome(TABLE, 0, 0, before, before)
    names = ("source", "entity", "_row_hash")
    source = pa.table(
        {name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(names)}
    )
    matched = " AND ".join(f"t.{name} = s.{name}" for name in names)
    merging = table.merge(source, matched, source_alias="s", target_alias="t").when_matched_delete()
    deleted = int(merging.execute()["num_target_rows_deleted"])
    return Outcome(TABLE, deleted, 0, before, table.version())
