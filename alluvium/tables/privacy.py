"""Tables that protect people: sealed and masked contact details, and figures that were published once."""

from __future__ import annotations

from alluvium.table import Table

_CONTACTS = (
    "email", "phone", "first_name", "last_name", "city", "state", "postal_code", "country", "birth_date"
)  # fmt: skip
_SEALED = "Sealed with AES-GCM under the customer's own key; null for none"

PII_CONTACT_VAULT = Table(
    "pii",
    "contact_vault",
    "Contact details of pii.customers, each value sealed under a key of its customer, one row per customer.",
    key=("customer_id",),
    columns={
        "customer_id": ("string", "The customer; part of what each value is sealed with"),
        **dict.fromkeys(_CONTACTS, ("string", _SEALED)),
        "email_match": ("string", "HMAC of the address in lower case: the same for who shares it"),
        "phone_match": ("string", "HMAC of the number: the same for who shares it"),
        "content_hash": ("string", "HMAC of all values: tells whether they changed"),
    },
    holds_pii=True,
)

SUPPORT_CUSTOMERS = Table(
    "support",
    "customers",
    "Contact details with most of each value hidden, to recognise who is calling, one row per customer.",
    key=("customer_id",),
    columns={
        "customer_id": ("string", "The customer"),
        "email": ("string", "First letter and domain, as a•••@example.org"),
        "phone": ("string", "The last two digits"),
        "name": ("string", "Initials"),
        "city": ("string", "City"),
        "country": ("string", "ISO 3166 code"),
    },
)

OPS_KEY_TOMBSTONES = Table(
    "ops",
    "key_tombstones",
    "Customers whose contact key was destroyed and must never be made or restored, one row per token.",
    key=("token",),
    columns={
        "token": ("string", "Keyed hash of the customer id"),
        "shredded_at": ("timestamp", "When, UTC"),
        "request_id": ("string", "The erasure"),
    },
)

OPS_PRIVATE_RELEASES = Table(
    "ops",
    "private_releases",
    "Figures published with differential privacy: a rerun returns them, one row per breakdown and period.",
    key=("breakdown", "period"),
    columns={
        "breakdown": ("string", "Name of the breakdown"),
        "period": ("string", "First and last day that are counted"),
        "definition": ("string", "Hash of its definition"),
        "budget_year": ("string", "The year whose budget it was taken from"),
        "epsilon": ("double", "What it cost"),
        "figures": ("string", "The noisy figures by group, as a JSON object"),
        "released_at": ("timestamp", "When, UTC"),
    },
)
