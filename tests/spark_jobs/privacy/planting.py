"""A home in which every source, table and kind of file holds many people, half of whom will be erased.

Made from the contracts themselves, so that a source that somebody adds is planted too.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake
from fastavro import parse_schema, writer

from alluvium.contracts import contract as contracts
from alluvium.privacy import keys
from alluvium.tables.ingest import PII_QUARANTINE

DAY = date(2017, 11, 1)
PLANTED, OTHERS = 25, 10
# Beginnings that are hard for somebody: the least and the greatest of a column's statistics, letters that
# fold to others, marks that files escape, and the longest that an address may have.
LOCAL_PARTS = (
    "!aaa", "~zzz", "Zoë.Ünal", "ß.Straße", "İpek", "o'neil", "a+tag", "李雷", "Ωmega", "x" * 64,
    "tab%20", "semi&amp", "back\\slash", "dotted.name", "UPPER.CASE", "ﬁne", "é" + "e\u0301", "q-r_s",
    "0", "Çelik",
)  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """One person: identifiers by kind, and ids of customers, the newest first."""

    number: int
    values: dict[str, str]
    customer_ids: tuple[str, ...]

    @property
    def subject(self) -> str:
        """An identifier that a request may name."""
        return self.values["crm_contact_id"]


def person(number: int) -> Planted:
    local = LOCAL_PARTS[number % len(LOCAL_PARTS)]
    email = f"{local}.{number:02d}@Mail.Example.org" if len(local) < 60 else f"{local}@m{number}.example.org"
    card = f"{500 + number}" if number % 2 else f"77{number:05d}"
    values = {
        "email": email,
        "phone": f"+1 312 555 {1000 + number}",
        "loyalty_card": card,
        "crm_contact_id": f"C-70{number:05d}",
        "user_id": f"u-7700{number:04d}",
        "anonymous_id": f"a{number:015x}-5eed",
        "subscriber_id": f"S-77-{number:05d}",
        "consent_subject_id": f"P-77-{number:05d}",
    }
    ids = tuple(f"C{kind}{number:015d}" for kind in ("new", "old"))
    return Planted(number, values, ids if number % 3 == 0 else ids[:1])


PEOPLE = [person(number) for number in range(PLANTED + OTHERS)]
ERASED, KEPT = PEOPLE[:PLANTED], PEOPLE[PLANTED:]


def _cased(value: str, number: int) -> str:
    """The same address in another case, as each source writes it its own way."""
    if "@" not in value or value.upper().lower() != value.lower():
        return value
    return (value, value.upper(), value.lower())[number % 3]


def _values(contract, who, at):
    found = {}
    for name, column in contract.columns.items():
        if column.identifier:
            found[name] = _cased(who.values[column.identifier], who.number + at)
        elif column.pii == "name":
            found[name] = f"Name {who.number}"
        elif column.pii == "free_text":
            found[name] = f"called {who.values['email']} twice"
    return found


def _delivered(contract, who, at):
    """A row as the source sends it: what is required, and what names the person."""
    plain = {"timestamp": "2017-11-01T10:00:00Z", "date": "2017-11-01", "string": f"v{who.number}"}
    row = {
        name: column.allowed[0] if column.allowed else plain.get(column.type, "2")
        for name, column in contract.columns.items()
        if column.required or name == "amount"
    }
    return row | _values(contract, who, at)


def _nested(contract, row):
    document = {}
    for name, value in row.items():
        *parents, leaf = (contract.columns[name].path or name).split(".")
        place = document
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = value
    return document


def _land(settings, contract, rows):
    folder = settings.landing / contract.source / contract.entity / f"run_date={DAY}"
    folder.mkdir(parents=True)
    kind = contract.files.format
    if kind == "csv":
        out = io.StringIO()
        lines = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        lines.writeheader()
        lines.writerows(rows)
        (folder / "a.csv.gz").write_bytes(gzip.compress(out.getvalue().encode()))
    elif kind == "json":
        documents = [_nested(contract, row) for row in rows]
        if contract.files.explode:  # A batch may hold calls of two people.
            documents = [{contract.files.explode: documents[at : at + 2]} for at in range(0, len(rows), 2)]
        texts = [json.dumps(each, ensure_ascii=bool(at % 2)) for at, each in enumerate(documents)]
        (folder / "a.json").write_text("\n".join(texts) + "\n", encoding="utf-8")
    elif kind == "avro":
        fields = [{"name": name, "type": ["null", "string"]} for name in rows[0]]
        with (folder / "a.avro").open("wb") as file:
            writer(file, parse_schema({"type": "record", "name": "row", "fields": fields}), rows)
    else:
        pq.write_table(pa.Table.from_pylist(rows), folder / "a.parquet")


def write(settings, table, rows, *, times=1, **options):
    """Rows of texts as a Delta table; more times than one leave older versions behind."""
    path = settings.lake / table.replace(".", "/")
    path.parent.mkdir(parents=True, exist_ok=True)
    kinds = {bool: pa.bool_(), date: pa.date32(), datetime: pa.timestamp("us", tz="UTC"), float: pa.float64()}
    named = {name: next((row[name] for row in rows if row[name] is not None), "") for name in rows[0]}
    schema = pa.schema([(name, kinds.get(type(value), pa.string())) for name, value in named.items()])
    for _ in range(times):
        write_deltalake(str(path), pa.Table.from_pylist(rows, schema), mode="overwrite", **options)


def _tables(settings, contract, rows, secret):
    """Bronze, silver and the twin of one contract; returns the record keys by person."""
    open_rows, twins, records = [], [], {}
    for who, row in rows:
        hashes = {"_row_hash": f"{contract.name}{who.number}", "_run_date": DAY}
        named = {
            f"{name}_key": keys.identifier_key(kind, row[name], secret=secret)
            for name, kind in contract.identifiers.items()
        }
        if contract.record:
            records[who.number] = keys.record_key(contract.source, row[contract.record], secret)
            named["record_key"] = records[who.number]
        open_rows.append(hashes | named | {"amount": 2.5, "event": None})
        raw = {n: row.get(n) for n, column in contract.columns.items() if column.is_raw_kept_apart}
        twins.append(hashes | raw | {"record_key": records.get(who.number)})
    for layer in ("bronze", "silver"):
        write(settings, f"{layer}.{contract.name}", open_rows, times=2, partition_by=["_run_date"])
    feed = {"delta.enableChangeDataFeed": "true"}
    write(settings, f"pii.{contract.name}", twins, times=2, configuration=feed)
    return records


def plant(settings):
    """Everybody everywhere. Returns the contracts that were planted."""
    secret = keys.load_secret(keys.ensure_key(settings))
    there = [each for each in contracts.load_all(settings.sources) if each.has_pii]
    known, of_customers, refused = [], [], []
    for at, contract in enumerate(there):
        rows = [(who, _delivered(contract, who, at)) for who in PEOPLE]
        _land(settings, contract, [row for _, row in rows])
        records = _tables(settings, contract, rows, secret)
        for who, row in rows:
            if contract.record:
                known.append((contract.source, row[contract.record], records[who.number]))
                of_customers += [
                    (records[who.number], who.customer_ids[0], tier) for tier in ("strict", "loose")
                ]
            refused.append(_refused(contract, who, row))
    names = ("source", "source_id", "record_key")
    write(settings, "pii.record_keys", [dict(zip(names, each, strict=True)) for each in sorted(set(known))])
    names = ("record_key", "customer_id", "tier")
    links = [
        dict(zip(names, each, strict=True)) | {"is_current": True, "valid_to": None}
        for each in sorted(set(of_customers))
    ]
    write(settings, "identity.customer_records", links, times=2)
    write(settings, "pii.quarantine", refused, times=2, partition_by=list(PII_QUARANTINE.partition_by))
    _of_customers(settings)
    _files(settings)
    return there


def _refused(contract, who, row):
    """A row that could not be read: no key, only what was sent, cut in the middle."""
    named = {"source": contract.source, "entity": contract.entity, "run_date": DAY, "status": "open"}
    text = json.dumps(_nested(contract, row), ensure_ascii=False).upper()[:-1]
    hashes = {"_row_hash": f"q{contract.name}{who.number}", "record_key": None, "header": None}
    return named | hashes | {"raw_payload": text}


def _of_customers(settings):
    merged = [
        {"old_customer_id": who.customer_ids[1], "customer_id": who.customer_ids[0]}
        for who in PEOPLE
        if len(who.customer_ids) > 1
    ]
    write(settings, "identity.redirects", merged)
    golden = [{"customer_id": who.customer_ids[0], "email": who.values["email"]} for who in PEOPLE]
    # Statistics of the least and greatest address stand in each commit; the feed holds rows of their own.
    feed = {"delta.enableChangeDataFeed": "true"}
    write(settings, "pii.customers", golden, times=3, configuration=feed)
    DeltaTable(str(settings.lake / "pii" / "customers")).update({"email": "upper(email)"})
    DeltaTable(str(settings.lake / "pii" / "customers")).create_checkpoint()
    ids = [{"customer_id": one} for who in PEOPLE for one in who.customer_ids]
    for table in (
        "gold.customers_history",
        "gold.customer_features",
        "ml.churn_scores",
        "ml.training_sets_rows",
    ):
        write(settings, table, ids, times=2)
    sent = [
        {"platform": "email", "segment": "champions", "customer_id": who.customer_ids[0]}
        | {"left_at": None, "entered_at": datetime(2017, 11, 1, tzinfo=UTC)}
        for who in PEOPLE
    ]
    write(settings, "published.audience_members", sent)


def _lines(who):
    """How a file may tell of somebody."""
    email = who.values["email"]
    return f'"{email}","{sha256(email.lower().encode()).hexdigest()}","{who.customer_ids[0]}"\r\n'


def _files(settings):
    out = settings.exports / DAY.isoformat() / "email" / "champions"
    out.mkdir(parents=True)
    text = '"email","hash","customer_id"\r\n' + "".join(map(_lines, PEOPLE))
    (out / "audience_0001.csv").write_bytes(text.encode())
    (out / "manifest.json").write_text(
        json.dumps({"files": [{"name": "audience_0001.csv", "rows": len(PEOPLE)}]})
    )
    settings.logs.mkdir()
    told = "".join(f"ValueError: cannot cast '{who.values['email']}' of {who.subject}\n" for who in PEOPLE)
    (settings.logs / "failed_job.log").write_text(told, encoding="utf-8")
    (settings.logs / "failed_job.log.1.gz").write_bytes(gzip.compress(told.encode()))
    # A job that failed leaves files behind that no commit names.
    emails = pa.table({"email": [who.values["email"] for who in PEOPLE]})
    pq.write_table(emails, settings.lake / "pii" / "customers" / "part-00000-of-a-failed-job.parquet")
    (settings.reports).mkdir()
    page = "".join(f"<p>{who.values['email'].replace('@', '&#64;')}</p>" for who in PEOPLE)
    (settings.reports / "data_docs.html").write_text(f"<!doctype html><html>{page}</html>", encoding="utf-8")
    run = settings.mlflow / "artifacts" / "1" / "run"
    run.mkdir(parents=True)
    pq.write_table(emails, run / "sample.parquet")
    (run / "worst_cases.csv").write_text("email\n" + "".join(f"{who.values['email']}\n" for who in PEOPLE))
    with closing(sqlite3.connect(settings.mlflow / "mlflow.db")) as opened:
        opened.execute("CREATE TABLE params (run_id TEXT PRIMARY KEY, value TEXT)")
        opened.executemany(
            "INSERT INTO params VALUES (?, ?)", [(who.subject, who.values["email"]) for who in PEOPLE]
        )
        opened.commit()
    with duckdb.connect(settings.home / "copy.duckdb") as copied:
        copied.execute("CREATE TABLE customers (n INTEGER, email VARCHAR)")
        copied.executemany(
            "INSERT INTO customers VALUES (?, ?)", [[who.number, who.values["email"]] for who in PEOPLE]
        )
