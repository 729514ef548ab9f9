"""A home with two customers in every kind of place: Ann, who will be erased, and Joe, who must not change."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from alluvium.lake import ledger
from alluvium.privacy import keys
from alluvium.tables.ingest import OPS_BATCHES

DAY = date(2017, 11, 1)
ANN, JOE = ("C-7000001", "ann.bell@example.org", "516"), ("C-7000002", "joe.hill@example.org", "517")
CUSTOMERS = {"C-7000001": "Ca000000000000001", "C-7000002": "Cb000000000000002"}


def _write(home, table, rows, partition_by=None):
    path = home.lake / table.replace(".", "/")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_deltalake(str(path), pa.Table.from_pylist(rows), partition_by=partition_by)


@pytest.fixture
def home(settings):
    """A lake, landing files, exports and a log, all with Ann and Joe in them."""
    secret = keys.load_secret(keys.ensure_key(settings))
    records = []
    for contact, email, card in (ANN, JOE):
        crm, pos = keys.record_key("crm", contact, secret), keys.record_key("pos", card, secret)
        records.append({"contact": contact, "email": email, "card": card, "crm": crm, "pos": pos})
    _lake(settings, records, secret)
    _landing(settings)
    out = settings.exports / "2017-11-01" / "email" / "champions"
    out.mkdir(parents=True)
    lines = "".join(f'"{email}","{CUSTOMERS[contact]}"\r\n' for contact, email, _ in (ANN, JOE))
    (out / "audience_0001.csv").write_bytes(f'"email","customer_id"\r\n{lines}'.encode())
    (out / "manifest.json").write_text(json.dumps({"files": [{"name": "audience_0001.csv", "rows": 2}]}))
    settings.logs.mkdir()
    (settings.logs / "night.log").write_text("sent to ann.bell@example.org\nsent to joe.hill@example.org\n")
    return settings


def _lake(settings, records, secret):
    def key(kind, value):
        return keys.identifier_key(kind, value, secret=secret)

    for layer in ("bronze", "silver"):
        contacts = [
            {
                "contact_id_key": key("crm_contact_id", r["contact"]),
                "email_key": key("email", r["email"]),
                "phone_key": None,
                "loyalty_card_key": key("loyalty_card", r["card"]),
                "record_key": r["crm"],
                "_run_date": DAY,
                "_row_hash": f"c{r['card']}",
            }
            for r in records
        ]
        schema = pa.schema([(name, pa.string()) for name in contacts[0] if name != "_run_date"])
        table = pa.Table.from_pylist(contacts, schema.append(pa.field("_run_date", pa.date32())))
        path = settings.lake / layer / "crm_contacts"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_deltalake(str(path), table)
        lines = [
            {
                "basket_id": n,
                "amount": 2.5,
                "loyalty_card_key": key("loyalty_card", r["card"]),
                "record_key": r["pos"],
                "_run_date": DAY,
                "_row_hash": f"l{n}",
            }
            for n, r in enumerate(records)
        ]
        _write(settings, f"{layer}.pos_order_lines", lines)
    twins = [{"_row_hash": f"c{r['card']}", "_run_date": DAY, "record_key": r["crm"]} for r in records]
    contact = [
        {"contact_id": r["contact"], "email": r["email"], "phone": None, "loyalty_card": r["card"]}
        for r in records
    ]
    named = [twin | raw for twin, raw in zip(twins, contact, strict=True)]
    schema = pa.schema([(name, pa.date32() if name == "_run_date" else pa.string()) for name in named[0]])
    (settings.lake / "pii").mkdir(parents=True)
    write_deltalake(str(settings.lake / "pii" / "crm_contacts"), pa.Table.from_pylist(named, schema))
    cards = [
        {"_row_hash": f"l{n}", "_run_date": DAY, "record_key": r["pos"], "loyalty_card": r["card"]}
        for n, r in enumerate(records)
    ]
    _write(settings, "pii.pos_order_lines", cards)
    ids = [("crm", "contact", "crm"), ("pos", "card", "pos")]
    known = [
        {"source": source, "source_id": r[column], "record_key": r[k]}
        for r in records
        for source, column, k in ids
    ]
    _write(settings, "pii.record_keys", known)
    of_customers = [
        {"record_key": r[k], "customer_id": CUSTOMERS[r["contact"]], "tier": "strict", "is_current": True}
        for r in records
        for k in ("crm", "pos")
    ]
    _write(settings, "identity.customer_records", of_customers)
    golden = [{"customer_id": CUSTOMERS[r["contact"]], "email": r["email"]} for r in records]
    _write(settings, "pii.customers", golden)
    write_deltalake(  # A second night: the first one's files stay for time travel.
        str(settings.lake / "pii" / "customers"), pa.Table.from_pylist(golden), mode="overwrite"
    )
    orders = [
        {"order_id": f"pos-{n}", "customer_id": CUSTOMERS[r["contact"]], "record_key": r["pos"]}
        | {"order_total": 2.5, "ordered_on": DAY}
        for n, r in enumerate(records)
    ]
    _write(settings, "gold.orders", orders)
    sent = [
        {"platform": "email", "segment": "champions", "customer_id": golden["customer_id"]}
        | {"left_at": None, "entered_at": datetime(2017, 11, 1, tzinfo=UTC)}
        for golden in golden
    ]
    fields = [(n, pa.string()) for n in ("platform", "segment", "customer_id")]
    times = [(n, pa.timestamp("us", tz="UTC")) for n in ("left_at", "entered_at")]
    (settings.lake / "published").mkdir(parents=True)
    write_deltalake(
        str(settings.lake / "published" / "audience_members"),
        pa.Table.from_pylist(sent, pa.schema([*fields, *times])),
    )
    refused = [
        {"source": "crm", "entity": "contacts", "run_date": DAY, "_row_hash": f"q{n}", "status": "open"}
        | {"header": "", "raw_payload": f'{{"email": "{r["email"].upper()}"', "record_key": ""}
        for n, r in enumerate(records)
    ]
    _write(settings, "pii.quarantine", refused, ["run_date", "source", "entity"])
    batch = {"run_date": DAY, "rows_duplicate": 0, "status": "loaded", "fingerprint": "f"}
    ledger.append(
        OPS_BATCHES,
        [
            batch
            | {"source": "crm", "entity": "contacts"}
            | {"rows_read": 4, "rows_accepted": 2, "rows_quarantined": 2},
            batch
            | {"source": "pos", "entity": "order_lines"}
            | {"rows_read": 2, "rows_accepted": 2, "rows_quarantined": 0},
        ],
        settings,
    )


def _landing(settings):
    crm = settings.landing / "crm" / "contacts" / "run_date=2017-11-01"
    pos = settings.landing / "pos" / "order_lines" / "run_date=2017-11-01"
    for folder in (crm, pos):
        folder.mkdir(parents=True)
    lines = [{"contact_id": i, "email": e, "loyalty_card": c} for i, e, c in (ANN, JOE)]
    broken = ['{"email": "' + e.upper() + '"' for _, e, _ in (ANN, JOE)]
    (crm / "contacts.json").write_text("\n".join([*map(json.dumps, lines), *broken]) + "\n")
    text = "basket_id,loyalty_card,store_id,amount\n0,516,7,2.50\n1,517,516,2.50\n"
    (pos / "order_lines.csv.gz").write_bytes(gzip.compress(text.encode()))
