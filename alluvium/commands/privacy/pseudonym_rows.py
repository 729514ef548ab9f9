"""Rows whose customer ids become tokens, and rows whose tokens become customer ids."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from alluvium.errors import UsageError
from alluvium.lake.lake_sql import View, ask, tables
from alluvium.privacy import contact_vault, purpose_keys
from alluvium.settings import Settings

CUSTOMER_ID, TOKEN, FORMER = "customer_id", "token", "former_token"
# The strictest of a customer's choices counts; without one the purpose's rule does.
ALLOWED = """
WITH choices AS (
    SELECT customer_id, bool_and(status = 'granted') AS is_granted FROM gold.consents
    WHERE purpose = ? AND is_current GROUP BY customer_id
)
SELECT customers.customer_id FROM gold.customers AS customers LEFT JOIN choices USING (customer_id)
WHERE coalesce(choices.is_granted, (SELECT rule = 'opt_out' FROM seeds.purposes WHERE purpose = ?))
"""
CUSTOMERS = "SELECT customer_id FROM gold.customers"
SEALED = f"SELECT customer_id, {', '.join(contact_vault.COLUMNS)} FROM pii.contact_vault"


def allowed(settings: Settings, rows: pa.Table, purpose: str) -> tuple[pa.Table, int]:
    """The rows of customers whose choices allow a purpose, and how many rows others have."""
    if "gold.consents" not in tables(View(settings)):
        return rows.slice(0, 0), rows.num_rows  # Nobody was ever asked.
    may = ask(View(settings), ALLOWED, [purpose, purpose]).to_arrow_table()[CUSTOMER_ID]
    kept = rows.filter(pc.is_in(rows[CUSTOMER_ID], value_set=may.combine_chunks()))
    return kept, rows.num_rows - kept.num_rows


def with_tokens(
    settings: Settings, rows: pa.Table, purpose: str, contacts: Sequence[str], on: date
) -> pa.Table:
    """The rows with `token` for `customer_id`, and `former_token` while the key before is in its grace."""
    good = purpose_keys.good(settings, purpose, on)[:2]
    ids = rows[CUSTOMER_ID].to_pylist()
    columns = {
        name: pa.array([purpose_keys.token(key, CUSTOMER_ID, one) for one in ids], pa.string())
        for name, key in zip((TOKEN, FORMER), good, strict=False)
    }
    for kind in contacts:
        columns[f"{kind}_token"] = _of_contacts(settings, ids, kind, good[0])
    others = {name: rows[name] for name in rows.column_names if name != CUSTOMER_ID}
    return pa.table({**columns, **others})


def _of_contacts(settings: Settings, ids: Sequence[str], kind: str, key: purpose_keys.PurposeKey) -> pa.Array:
    if kind not in purpose_keys.CONTACTS:
        raise UsageError(
            f"There are no tokens of {kind!r}", do=f"Known are {', '.join(purpose_keys.CONTACTS)}"
        )
    contact_vault.refresh(settings)
    opener, found = contact_vault.Opener(settings), dict[str, str | None]()
    for batch in ask(View(settings, with_pii=True), SEALED).to_arrow_reader(10_000):
        opened = opener.batch(batch, CUSTOMER_ID)
        for row in opened.select([CUSTOMER_ID, kind, "country"]).to_pylist():
            region = row["country"] or purpose_keys.DEFAULT_REGION
            found[row[CUSTOMER_ID]] = purpose_keys.token(key, kind, row[kind], region)
    return pa.array([found.get(one) for one in ids], pa.string())


def resolved(settings: Settings, rows: pa.Table, purpose: str, on: date) -> tuple[pa.Table, int]:
    """The rows with `customer_id` for `token`, and how many tokens nobody has; a token of any good key."""
    given = [str(text) for text in rows[TOKEN].to_pylist()]
    wanted = purpose_keys.versions_in(given)
    keys = [key for key in purpose_keys.good(settings, purpose, on) if key.version in wanted]
    customers = [row[0] for row in ask(View(settings), CUSTOMERS).fetchall()]
    known = {purpose_keys.token(key, CUSTOMER_ID, one): one for key in keys for one in customers}
    ids = [known.get(text) for text in given]
    at = rows.column_names.index(TOKEN)
    found = rows.set_column(at, CUSTOMER_ID, pa.array(ids, pa.string()))
    kept = found.filter(pc.is_valid(found[CUSTOMER_ID]))
    return kept, rows.num_rows - kept.num_rows
