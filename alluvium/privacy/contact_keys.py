"""A key for each customer's contact details, so that destroying one key makes every copy of them unreadable.

The keys lie in `secrets/contact_keys.db`, wrapped with the current key of the purpose `vault`. A key that was
destroyed leaves a tombstone in `ops.key_tombstones`: it is never made again, and goes again when a backup of
the file brings it back.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from alluvium.lake import ledger
from alluvium.privacy import keys, purpose_keys, sealing
from alluvium.settings import Settings
from alluvium.tables.privacy import OPS_KEY_TOMBSTONES

FILE_NAME = "contact_keys.db"
PURPOSE = "vault"
_AT_ONCE = 10_000
_SEPARATOR = "\x1f"


def file_of(settings: Settings) -> Path:
    """Where the keys lie."""
    return settings.secrets / FILE_NAME


@contextmanager
def _opened(settings: Settings) -> Iterator[sqlite3.Connection]:
    path = file_of(settings)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    with closing(sqlite3.connect(path, timeout=60)) as opened:
        opened.execute("PRAGMA secure_delete = ON")  # What goes is overwritten.
        opened.execute(
            "CREATE TABLE IF NOT EXISTS keys (customer_id TEXT PRIMARY KEY, version INTEGER, wrapped BLOB) "
            "WITHOUT ROWID"
        )
        opened.execute("CREATE TABLE IF NOT EXISTS made_from (state TEXT)")
        with opened:
            yield opened


def of(settings: Settings, customer_ids: Iterable[str]) -> dict[str, bytes]:
    """The keys of these customers; who has none is not in it."""
    masters = {key.version: key.secret for key in purpose_keys.versions(settings, PURPOSE)}
    with _opened(settings) as opened:
        return {
            customer: sealing.unwrap(masters[version], customer, wrapped)
            for some in _some_at_once(list(customer_ids))
            for customer, version, wrapped in _select(opened, some)
        }


def _some_at_once(customer_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(customer_ids), _AT_ONCE):
        yield customer_ids[start : start + _AT_ONCE]


def _select(opened: sqlite3.Connection, customer_ids: Sequence[str]) -> list[tuple[str, int, bytes]]:
    marks = ", ".join("?" * len(customer_ids))
    query = f"SELECT customer_id, version, wrapped FROM keys WHERE customer_id IN ({marks})"
    return opened.execute(query, list(customer_ids)).fetchall()


def make(settings: Settings, customer_ids: Sequence[str]) -> dict[str, bytes]:
    """The keys of these customers, made where there is none; nobody with a tombstone gets one."""
    known = of(settings, customer_ids)
    dead = _tombstones(settings)
    secret = keys.load_secret(keys.ensure_key(settings))
    master = purpose_keys.current(settings, PURPOSE)
    missing = [one for one in customer_ids if one not in known and token(secret, one) not in dead]
    new = {one: secrets.token_bytes(sealing.KEY_BYTES) for one in missing}
    rows = [(one, master.version, sealing.wrap(master.secret, one, key)) for one, key in new.items()]
    with _opened(settings) as opened:
        opened.executemany("INSERT OR IGNORE INTO keys VALUES (?, ?, ?)", rows)
    # Two makers at once: whose key was there first counts.
    return known | of(settings, new)


def shred(settings: Settings, customer_ids: Iterable[str], request_id: str | None = None) -> int:
    """Destroy the keys of people who were erased, tombstones first. Returns how many there were."""
    gone = sorted(set(customer_ids))
    secret = keys.load_secret(keys.ensure_key(settings))
    dead = _tombstones(settings)
    now = datetime.now(UTC)
    rows = [
        {"token": mark, "shredded_at": now, "request_id": request_id}
        for one in gone
        if (mark := token(secret, one)) not in dead
    ]
    ledger.append(OPS_KEY_TOMBSTONES, rows, settings)
    return drop(settings, gone)


def shred_again(settings: Settings) -> int:
    """Destroy keys that have a tombstone: a backup brought them back."""
    dead = _tombstones(settings)
    if not dead or not file_of(settings).exists():
        return 0
    secret = keys.load_secret(keys.ensure_key(settings))
    with _opened(settings) as opened:
        known = [row[0] for row in opened.execute("SELECT customer_id FROM keys")]
    return drop(settings, [one for one in known if token(secret, one) in dead])


def drop(settings: Settings, customer_ids: Sequence[str]) -> int:
    """Destroy keys without a tombstone: of ids that retired, which may be born again."""
    if not customer_ids or not file_of(settings).exists():
        return 0
    with _opened(settings) as opened:
        before = opened.total_changes
        opened.executemany("DELETE FROM keys WHERE customer_id = ?", [(one,) for one in customer_ids])
        return opened.total_changes - before


def rewrap(settings: Settings) -> int:
    """Wrap every key with the newest master key; then older masters may go. Returns how many were wrapped."""
    masters = {key.version: key.secret for key in purpose_keys.versions(settings, PURPOSE)}
    newest = max(masters)
    with _opened(settings) as opened:
        rows: list[tuple[str, int, bytes]] = opened.execute(
            "SELECT customer_id, version, wrapped FROM keys WHERE version < ?", [newest]
        ).fetchall()
        wrapped = [
            (newest, sealing.wrap(masters[newest], one, sealing.unwrap(masters[version], one, old)), one)
            for one, version, old in rows
        ]
        opened.executemany("UPDATE keys SET version = ?, wrapped = ? WHERE customer_id = ?", wrapped)
    return len(wrapped)


def token(secret: bytes, customer_id: str) -> str:
    """What stands for a customer whose key is gone."""
    return keys.digest(secret, _SEPARATOR.join(("shredded", customer_id)))


def _tombstones(settings: Settings) -> frozenset[str]:
    return frozenset(ledger.read(OPS_KEY_TOMBSTONES, settings)["token"].to_pylist())


def made_from(settings: Settings) -> str | None:
    """The state of `pii.customers` that the vault was made from last."""
    if not file_of(settings).exists():
        return None
    with _opened(settings) as opened:
        found = opened.execute("SELECT max(state) FROM made_from").fetchone()
    return None if found[0] is None else str(found[0])


def note_made_from(settings: Settings, state: str) -> None:
    """Remember which state of `pii.customers` the vault is made from."""
    with _opened(settings) as opened:
        opened.execute("DELETE FROM made_from")
        opened.execute("INSERT INTO made_from VALUES (?)", [state])
