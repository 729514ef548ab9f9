"""`pii.contact_vault`: the contact details of `pii.customers` as what leaves the company reads them.

Each value is sealed under a key of its customer. Whoever has the files without `secrets/` has nothing, and
without a customer's key no copy of the lake, old or new, gives that customer's details.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from alluvium import catalog
from alluvium.lake import lake_sql, ledger
from alluvium.privacy import contact_keys, keys, masking
from alluvium.privacy.sealing import Sealer
from alluvium.settings import Settings
from alluvium.table import Table
from alluvium.tables.privacy import PII_CONTACT_VAULT, SUPPORT_CUSTOMERS

COLUMNS = (
    "email", "phone", "first_name", "last_name", "city", "state", "postal_code", "country", "birth_date"
)  # fmt: skip
MATCHED = ("email", "phone")
AT_ONCE, ROWS_READ = 100_000, 10_000
MOST_OPENERS = 100_000  # Some 2 kB each.
_SEPARATOR = "\x1f"
Row = dict[str, Any]


def refresh(settings: Settings) -> int:
    """Bring the vault and support's view up to `pii.customers`; returns how many customers changed.

    Nothing is read when that table is as it was. Customers that changed are sealed AT_ONCE at a time, in a
    commit each (some 2 kB of memory for each of them); every customer takes 200 bytes besides.
    """
    source = settings.lake / catalog.PII_CUSTOMERS.schema / catalog.PII_CUSTOMERS.name
    if not DeltaTable.is_deltatable(str(source)):
        return 0
    table = DeltaTable(str(source), without_files=True)
    state = f"{table.metadata().id} {table.version()}"  # A table that was made anew begins at 0 again.
    path = ledger.create(PII_CONTACT_VAULT, settings)
    known = _hashes(settings)
    if contact_keys.made_from(settings) == state and known:
        return 0
    contact_keys.shred_again(settings)
    secret = keys.load_secret(keys.ensure_key(settings))
    support, seen, count_changed = ledger.create(SUPPORT_CUSTOMERS, settings), set[str](), 0
    for changed in _at_once(_changed(settings, secret, known, seen)):
        _write(PII_CONTACT_VAULT, path, _sealed(settings, secret, changed))
        _write(SUPPORT_CUSTOMERS, support, map(_masked, changed))
        count_changed += len(changed)
    gone = sorted(known.keys() - seen)
    _write(PII_CONTACT_VAULT, path, gone=gone)
    _write(SUPPORT_CUSTOMERS, support, gone=gone)
    contact_keys.drop(settings, gone)
    contact_keys.note_made_from(settings, state)
    return count_changed + len(gone)


def _at_once(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while some := list(islice(rows, AT_ONCE)):
        yield some


def _changed(settings: Settings, secret: bytes, known: Mapping[str, str], seen: set[str]) -> Iterator[Row]:
    """Customers whose details are not those in the vault; `seen` gets the id of every customer."""
    for row in _customers(settings):
        seen.add(row["customer_id"])
        if known.get(row["customer_id"]) != content_hash(secret, row):
            yield row


def _customers(settings: Settings) -> Iterator[Row]:
    columns = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in ("customer_id", *COLUMNS))
    view = lake_sql.View(settings, with_pii=True)
    query = f"SELECT {columns} FROM {catalog.PII_CUSTOMERS.full_name}"
    answered = lake_sql.answer(lake_sql.kept(view), view, query)
    names = [column[0] for column in answered.description]
    while rows := answered.fetchmany(ROWS_READ):
        for row in rows:
            yield dict(zip(names, row, strict=True))


def _hashes(settings: Settings) -> dict[str, str]:
    rows = ledger.read(PII_CONTACT_VAULT, settings).select(["customer_id", "content_hash"])
    return dict(zip(rows["customer_id"].to_pylist(), rows["content_hash"].to_pylist(), strict=True))


def content_hash(secret: bytes, row: Row) -> str:
    """Tells whether any detail of a customer changed; says nothing without the secret."""
    parts = ("\x00" if row[name] is None else row[name] for name in COLUMNS)
    return keys.digest(secret, _SEPARATOR.join(("contact_vault", row["customer_id"], *parts)))


def match(secret: bytes, column: str, value: str | None) -> str | None:
    """The same for everybody who has this address or number, however it is written."""
    text = (value or "").strip().lower()
    if not text:
        return None
    said = _SEPARATOR.join(("match", column, text)).encode("utf-8", "surrogatepass")
    return hmac.digest(secret, said, "sha256")[: keys.KEY_BYTES].hex()


def _sealed(settings: Settings, secret: bytes, rows: Sequence[Row]) -> list[Row]:
    """The rows as they lie in the vault; who has no key and may get none is not there."""
    known = contact_keys.make(settings, [row["customer_id"] for row in rows])
    return [
        _seal(Sealer(key, row["customer_id"]), secret, row)
        for row in rows
        if (key := known.get(row["customer_id"]))
    ]


def _seal(sealer: Sealer, secret: bytes, row: Row) -> Row:
    return {
        "customer_id": row["customer_id"],
        **{name: sealer.seal(name, row[name]) for name in COLUMNS},
        **{f"{name}_match": match(secret, name, row[name]) for name in MATCHED},
        "content_hash": content_hash(secret, row),
    }


def _masked(row: Row) -> Row:
    return {
        "customer_id": row["customer_id"],
        "email": masking.email(row["email"]),
        "phone": masking.phone(row["phone"]),
        "name": masking.name(row["first_name"], row["last_name"]),
        "city": row["city"],
        "country": row["country"],
    }


def _write(table: Table, path: str, rows: Iterable[Row] = (), gone: Sequence[str] = ()) -> None:
    """Replace the rows of customers, and delete those that are gone: one commit, none for nothing."""
    columns = list(table.columns or {})
    held = list(rows) + [dict.fromkeys(columns) | {"customer_id": one} for one in gone]
    if not held:
        return
    schema = pa.schema([(name, pa.string()) for name in columns])
    given = pa.Table.from_pylist(held, schema).append_column("_is_gone", _flags(len(held), len(gone)))
    merging = DeltaTable(path).merge(
        given, "t.customer_id = s.customer_id", source_alias="s", target_alias="t"
    )
    values = {name: f"s.{name}" for name in columns}
    merging = merging.when_matched_delete("s._is_gone")
    merging = merging.when_matched_update(values)
    merging.when_not_matched_insert(values, predicate="NOT s._is_gone").execute()


def _flags(count: int, count_gone: int) -> pa.Array:
    return pa.array([False] * (count - count_gone) + [True] * count_gone)


class Opener:
    """Opens what the vault holds, a batch at a time; keys of up to MOST_OPENERS customers stay in memory."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._sealers = settings, dict[str, Sealer]()

    def batch(self, rows: pa.RecordBatch, whose: str) -> pa.RecordBatch:
        """The rows with their sealed columns opened. `whose` names the column with the customer's id.

        Who has no key any more has no details. Raises AlluviumError for a value that was changed or moved.
        """
        customers = rows.column(whose).to_pylist()
        self._learn({one for one in customers if one is not None})
        for name in COLUMNS:
            at = rows.schema.get_field_index(name)
            rows = rows.set_column(at, name, self._opened(name, customers, rows.column(at)))
        return rows

    def _opened(self, name: str, customers: list[str | None], sealed: pa.Array) -> pa.Array:
        kind = pa.date32() if name == "birth_date" else pa.string()
        if sealed.null_count == len(sealed):
            return pa.nulls(len(sealed), kind)
        opened = [
            self._sealers[one].open(name, value) if one in self._sealers else None
            for one, value in zip(customers, sealed.to_pylist(), strict=True)
        ]
        return pa.array([_typed(value, kind) for value in opened], kind)

    def _learn(self, customers: set[str]) -> None:
        if len(self._sealers) > MOST_OPENERS:
            self._sealers.clear()
        new = contact_keys.of(self._settings, customers - self._sealers.keys())
        self._sealers |= {one: Sealer(key, one) for one, key in new.items()}


def _typed(value: str | None, kind: pa.DataType) -> Any:
    return value if value is None or kind != pa.date32() else date.fromisoformat(value)
