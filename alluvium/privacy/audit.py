"""Acts that need a witness: who did what to what, and why, one row each in `ops.audit`.

Each row holds the hash of the row before it, and after every act the head of the chain is signed and
written to a file outside the lake (`ALLUVIUM_AUDIT_HEADS`), one line a day. So a row that is changed, taken
out, moved or cut off at the end shows: see `verify`.
"""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from filelock import FileLock

from alluvium import catalog
from alluvium.errors import UsageError
from alluvium.lake import ledger
from alluvium.privacy import signing
from alluvium.settings import Settings

SAID = ("audit_id", "acted_at", "actor", "action", "subject", "reason")
NOTHING = sha256(b"").hexdigest()


@dataclass(frozen=True)
class Problem:
    """Where the trail is not what it was, and what is wrong there."""

    sequence: int | None
    what: str


def note(settings: Settings, action: str, subject: str, reason: str | None = None) -> None:
    """Append one act of the operating system's user. `subject` is a name or a key, never personal data.

    Raises UsageError for a reason that says nothing.
    """
    if reason is not None and len(reason.strip()) < 3:
        raise UsageError("A reason is needed", do="Say it with --reason, for who reads it in a year")
    said = {
        "audit_id": uuid4().hex,
        "acted_at": datetime.now(UTC),
        "actor": getpass.getuser(),
        "action": action,
        "subject": subject,
        "reason": reason.strip() if reason else None,
    }
    settings.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(settings.secrets / "audit.lock"):
        sequence, before = _last(settings)
        row = said | {"sequence": sequence + 1, "previous_hash": before}
        row["row_hash"] = row_hash(row)
        ledger.append(catalog.OPS_AUDIT, [row], settings)
        _sign_head(settings, row)


def row_hash(row: Mapping[str, Any]) -> str:
    """SHA-256 of an act, its place and the hash of the act before."""
    parts = [_text(row[name]) for name in (*SAID, "sequence", "previous_hash")]
    return sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def _text(value: Any) -> str | None:
    if isinstance(value, datetime):
        return str(round((value - ledger.EPOCH).total_seconds() * 1_000_000))
    return None if value is None else str(value)


def _last(settings: Settings) -> tuple[int, str]:
    """Place and hash of the last act; of a trail without a chain, 0 and the hash of what is there."""
    path = str(settings.lake / catalog.OPS_AUDIT.schema / catalog.OPS_AUDIT.name)
    if not DeltaTable.is_deltatable(path):
        return 0, NOTHING
    held = DeltaTable(path)
    if "sequence" in {field.name for field in held.schema().fields}:
        query = "SELECT sequence, row_hash FROM t WHERE sequence IS NOT NULL ORDER BY sequence DESC LIMIT 1"
        found = pa.table(QueryBuilder().register("t", held).execute(query).read_all()).to_pylist()
        if found:
            return int(found[0]["sequence"]), str(found[0]["row_hash"])
    return 0, unchained_hash(ledger.rows(catalog.OPS_AUDIT, settings))


def unchained_hash(rows: Iterable[Mapping[str, Any]]) -> str:
    """One hash of all acts of before there was a chain."""
    texts = sorted(
        json.dumps([_text(row.get(name)) for name in SAID]) for row in rows if not _is_chained(row)
    )
    return sha256("\n".join(texts).encode()).hexdigest()


def _is_chained(row: Mapping[str, Any]) -> bool:
    return row.get("sequence") is not None


def heads_file(settings: Settings) -> Path:
    """Where the signed heads are; a place that who can change the lake should not be able to write."""
    return settings.audit_heads or settings.secrets / "audit_heads.jsonl"


def heads(settings: Settings) -> list[dict[str, Any]]:
    """The signed heads, one for each day with an act."""
    path = heads_file(settings)
    return [json.loads(line) for line in path.read_text().splitlines() if line] if path.is_file() else []


def _sign_head(settings: Settings, row: Mapping[str, Any]) -> None:
    day = row["acted_at"].date().isoformat()
    head = {"day": day, "sequence": row["sequence"], "row_hash": row["row_hash"]}
    kept = [each for each in heads(settings) if each["day"] != day]
    kept.append(head | {"signature": signing.sign(settings, head)})
    path = heads_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text("".join(json.dumps(each, sort_keys=True) + "\n" for each in kept))
    os.replace(draft, path)


def verify(settings: Settings) -> list[Problem]:
    """Everything that is wrong with the trail, in the order of its places; nothing when it is whole."""
    rows = ledger.rows(catalog.OPS_AUDIT, settings)
    return problems(rows, heads(settings), signing.public_key(settings))


def problems(
    rows: Sequence[Mapping[str, Any]], signed: Sequence[Mapping[str, Any]], public: str
) -> list[Problem]:
    """As `verify`, of rows and heads that are at hand."""
    chained = sorted((row for row in rows if _is_chained(row)), key=lambda row: int(row["sequence"]))
    found = list(_broken(chained, unchained_hash(rows)))
    hashes = {int(row["sequence"]): row["row_hash"] for row in chained}
    if chained and not signed:
        found.append(Problem(None, "there is no signed head"))
    for head in signed:
        said = {name: head.get(name) for name in ("day", "sequence", "row_hash")}
        if not signing.is_signed_by(public, said, str(head.get("signature", ""))):
            found.append(Problem(said["sequence"], f"the head of {said['day']} is not signed by our key"))
        elif said["sequence"] not in hashes:
            found.append(Problem(said["sequence"], f"missing: the signed head of {said['day']} knows it"))
        elif hashes[said["sequence"]] != said["row_hash"]:
            found.append(Problem(said["sequence"], f"is not what the head of {said['day']} was signed for"))
    last = max((head["sequence"] or 0 for head in signed), default=0)
    found += [Problem(each, "comes after the last signed head") for each in hashes if signed and each > last]
    return sorted(found, key=lambda each: each.sequence or 0)


def _broken(chained: Sequence[Mapping[str, Any]], before: str) -> Iterable[Problem]:
    expected = 1
    for row in chained:
        sequence = int(row["sequence"])
        if sequence > expected:
            yield Problem(expected, f"missing: {sequence - expected} acts before {sequence}")
        elif sequence < expected:
            yield Problem(sequence, "stands there more than once")
        if row["row_hash"] != row_hash(row):
            yield Problem(sequence, "was changed")
        if sequence == expected and row["previous_hash"] != before:
            what = (
                "acts of before the chain were changed" if sequence == 1 else "does not follow the act before"
            )
            yield Problem(sequence, what)
        before, expected = str(row["row_hash"]), sequence + 1
