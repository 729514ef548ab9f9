"""How long a thousand erasures take among many customers, landing files and proof included.

Run as `python -m tests.benchmarks.erasure --customers 1000000`; prints seconds of the clock and of CPU
by step.
"""

from __future__ import annotations

import argparse
import gzip
import resource
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from deltalake import write_deltalake

from alluvium.contracts import contract as contracts
from alluvium.privacy import keys
from alluvium.settings import Settings
from spark_jobs.privacy.erasure import state, steps
from spark_jobs.privacy.lake import Lake
from spark_jobs.privacy.people import People

DAY = date(2017, 11, 1)
DAYS = 10  # Landing files and partitions that the customers are spread over.
LINES_PER_CUSTOMER = 3


def _key_column(secret: bytes, kind: str, values: pl.Series) -> pl.Series:
    return pl.Series([keys.identifier_key(kind, value, secret=secret) for value in values])


def _write(settings: Settings, table: str, rows: pl.DataFrame, by_day: bool = False) -> None:
    path = settings.lake / table.replace(".", "/")
    path.parent.mkdir(parents=True, exist_ok=True)
    partition = ["_run_date"] if by_day else None
    write_deltalake(str(path), rows.to_arrow(), partition_by=partition)


def _days(count: int) -> pl.Series:
    return pl.Series([date(2017, 10, 1 + n) for n in range(DAYS)]).gather(np.arange(count) % DAYS)


def _crm(settings: Settings, secret: bytes, numbers: np.ndarray) -> pl.DataFrame:
    """Contacts: a landing file a day, bronze, silver and the twin. Returns record keys and values."""
    text = pl.Series(numbers).cast(pl.String).str.zfill(7)
    rows = pl.DataFrame({
        "contact_id": "C-" + text, "email": "person." + text + "@example.org",
        "phone": "+1312" + text, "loyalty_card": "77" + text,
        "first_name": "Name" + text, "_run_date": _days(len(numbers)),
    })  # fmt: skip
    kinds = contracts.load("crm", "contacts").identifiers
    keyed = rows.select("_run_date").with_columns(
        *[_key_column(secret, kind, rows[name]).alias(f"{name}_key") for name, kind in kinds.items()],
        pl.Series("record_key", [keys.record_key("crm", one, secret) for one in rows["contact_id"]]),
        ("h" + text).alias("_row_hash"),
    )
    for layer in ("bronze", "silver"):
        _write(settings, f"{layer}.crm_contacts", keyed, by_day=layer == "bronze")
    twin = rows.with_columns(keyed["record_key"], keyed["_row_hash"])
    _write(settings, "pii.crm_contacts", twin, by_day=True)
    for (day,), part in rows.group_by("_run_date"):
        folder = settings.landing / "crm" / "contacts" / f"run_date={day}"
        folder.mkdir(parents=True)
        (folder / "a.json.gz").write_bytes(gzip.compress(part.drop("_run_date").write_ndjson().encode(), 1))
    return twin


def _till(settings: Settings, secret: bytes, cards: pl.Series) -> pl.DataFrame:
    """Order lines with cards, some of them short numbers."""
    many = pl.concat([cards] * LINES_PER_CUSTOMER)
    count = len(many)
    rows = pl.DataFrame({
        "basket_id": np.arange(count), "product_id": np.arange(count) % 5000, "loyalty_card": many,
        "sold_at": ["2017-10-01T10:00:00Z"] * count, "amount": ["2.50"] * count, "_run_date": _days(count),
    })  # fmt: skip
    of_card = pl.DataFrame({
        "loyalty_card": cards, "loyalty_card_key": _key_column(secret, "loyalty_card", cards),
        "record_key": [keys.record_key("pos", card, secret) for card in cards],
    })  # fmt: skip
    keyed = rows.join(of_card, on="loyalty_card", how="left").with_columns(
        (pl.lit("l") + pl.col("basket_id").cast(pl.String)).alias("_row_hash"),
        pl.col("amount").cast(pl.Decimal(12, 2)),
    )
    for layer in ("bronze", "silver"):
        _write(settings, f"{layer}.pos_order_lines", keyed.drop("loyalty_card"), by_day=layer == "bronze")
    _write(
        settings,
        "pii.pos_order_lines",
        keyed.select("_row_hash", "_run_date", "record_key", "loyalty_card"),
        True,
    )
    for (day,), part in rows.group_by("_run_date"):
        folder = settings.landing / "pos" / "order_lines" / f"run_date={day}"
        folder.mkdir(parents=True)
        (folder / "a.csv.gz").write_bytes(gzip.compress(part.drop("_run_date").write_csv().encode(), 1))
    return of_card


def make(settings: Settings, count: int) -> None:
    """A lake of that many customers, each with a contact, a card and some purchases."""
    secret = keys.load_secret(keys.ensure_key(settings))
    contacts = _crm(settings, secret, np.arange(count))
    cards = _till(settings, secret, contacts["loyalty_card"])
    ids = ("C" + contacts["contact_id"].str.slice(2).str.zfill(16)).alias("customer_id")
    of_both = (contacts["record_key"], cards["record_key"])
    links = pl.concat([pl.DataFrame({"record_key": keyed, "customer_id": ids}) for keyed in of_both])
    links = links.with_columns(pl.lit("strict").alias("tier"), pl.lit(True).alias("is_current"))
    _write(settings, "identity.customer_records", links)
    named = {"crm": contacts["contact_id"], "pos": cards["loyalty_card"]}
    known = [
        pl.DataFrame({"source": [source] * count, "source_id": values, "record_key": keyed})
        for (source, values), keyed in zip(named.items(), of_both, strict=True)
    ]
    _write(settings, "pii.record_keys", pl.concat(known))
    _write(settings, "pii.customers", contacts.select("email", "phone", "first_name").with_columns(ids))
    for table in ("gold.customers", "gold.customer_features", "ml.churn_scores", "gold.consents"):
        _write(settings, table, pl.DataFrame({"customer_id": ids, "n": np.arange(count)}))


def _now() -> np.ndarray:
    """Seconds of the clock and of this process's CPU."""
    return np.array([time.monotonic(), time.process_time()])


def measure(settings: Settings, people: int, customers: int) -> dict[str, np.ndarray]:
    """Seconds by step; the people are spread over all customers."""
    secret = keys.load_secret(keys.key_file(settings))
    asked = [(str(n), f"C-{n * (customers // people):07d}") for n in range(people)]
    began, seconds = _now(), dict[str, np.ndarray]()
    found, problems = People(Lake(settings), secret).find_all(asked)
    assert not problems, problems[:3]
    seconds["find"] = _now() - began
    erasure = state.new(found)
    for name, step in steps.STEPS.copy().items():

        def timed(work: steps.Work, step=step, name=name) -> None:  # type: ignore[no-untyped-def]
            since = _now()
            step(work)
            seconds[name] = _now() - since

        steps.STEPS[name] = timed
    steps.run(settings, erasure, lambda name: print(f"  {name}", flush=True))
    since = _now()
    certificate = steps.certify(settings, erasure)
    seconds["proof"] = _now() - since
    assert certificate["findings"] == 0
    return seconds


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--customers", type=int, default=100_000)
    arguments.add_argument("--people", type=int, default=1000)
    arguments.add_argument("--home", type=Path)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=given.home) as folder:
        settings = Settings(home=Path(folder) / "home")
        make(settings, given.customers)
        size = sum(path.stat().st_size for path in settings.home.rglob("*") if path.is_file())
        print(f"{given.customers:,} customers, {size / 2**20:,.0f} MiB; erasing {given.people}", flush=True)
        seconds = measure(settings, given.people, given.customers)
    for name, (clock, cpu) in (seconds | {"all": sum(seconds.values())}).items():
        print(f"{name:14s} {clock:8.1f} s, {cpu:8.1f} s of CPU")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"at most {memory:.1f} GiB of memory")


if __name__ == "__main__":
    main()
