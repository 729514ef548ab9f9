"""What each delivery brought by day of events: counted once and kept, so that a night counts only its own.

A delivery is counted again when its batch or its contract is another one. Nothing is counted of what a person
is called: how often a column is empty, and how often each allowed value stands in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any

from alluvium.contracts.contract import Contract
from alluvium.lake import lake_sql, ledger
from alluvium.settings import Settings
from alluvium.tables.ingest import OPS_BATCHES
from alluvium.tables.ops import OPS_DELIVERED_DAYS

# Local days begin at a multiple of it in every time zone: to find the local day of each row is dear.
_QUARTER_SECONDS = 900
Row = dict[str, Any]
Stamps = dict[tuple[str, date], str]


def counted(contract: Contract) -> dict[str, str]:
    """SQL aggregates by figure: how often each column is empty, and each allowed value stands in it."""
    found = {}
    for name, column in contract.columns.items():
        held = f"{name}_key" if column.identifier else name
        if column.is_raw_kept_apart and not column.identifier:
            continue
        if not column.required:
            found[f"null_share:{name}"] = f'count(*) - count("{held}")'
        for value in column.allowed or ():
            literal = "'" + value.replace("'", "''") + "'"
            found[f"value_share:{name}={value}"] = f'count(*) FILTER (WHERE "{held}" = {literal})'
    return found


def query(contract: Contract, zone: str, run_dates: Sequence[date]) -> str:
    """Rows and counts by run date and local day of the events of these run dates."""
    figures = [f"{sql} AS figure_{place}" for place, sql in enumerate(counted(contract).values())]
    sums = [f"sum(figure_{place})::BIGINT AS figure_{place}" for place in range(len(figures))]
    at = f'"{contract.event_time}"'
    moment, day = f"epoch({at}) // {_QUARTER_SECONDS}", f"to_timestamp(moment * {_QUARTER_SECONDS})"
    day = f"CAST({day} AT TIME ZONE '{zone}' AS DATE)"
    if contract.columns[str(contract.event_time)].type == "date":
        moment, day = at, "moment"
    listed = ", ".join(f"DATE '{day}'" for day in run_dates)
    return f"""
        WITH by_moment AS (
            SELECT {", ".join(["_run_date", f"{moment} AS moment", "count(*) AS row_count", *figures])}
            FROM bronze.{contract.name}
            WHERE _run_date IN ({listed}) AND {at} IS NOT NULL GROUP BY ALL
        )
        SELECT {", ".join([f"_run_date, {day} AS event_on, sum(row_count)::BIGINT AS row_count", *sums])}
        FROM by_moment GROUP BY ALL
    """


def _stamp(batch: Mapping[str, Any], contract: Contract, zone: str) -> str:
    """What the counts of a delivery depend on, in one hash."""
    parts = [batch["fingerprint"], batch["rows_accepted"], contract.version, zone]
    return sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _stamps(contracts: Sequence[Contract], settings: Settings, first: date, last: date) -> Stamps:
    """By contract and run date: the stamp of each delivery that has rows."""
    by_name = {(contract.source, contract.entity): contract for contract in contracts}
    return {
        (contract.label, batch["run_date"]): _stamp(batch, contract, settings.business_time_zone)
        for batch in ledger.rows(OPS_BATCHES, settings)
        if (contract := by_name.get((batch["source"], batch["entity"]))) is not None
        and batch["rows_accepted"]
        and first <= batch["run_date"] <= last
    }


def _count(contract: Contract, settings: Settings, stamps: Mapping[date, str]) -> list[Row]:
    """Count these deliveries of a contract; one without a time in any row has one row of nothing."""
    view = lake_sql.View(settings, with_pii=True)
    asked = query(contract, settings.business_time_zone, sorted(stamps))
    names = list(counted(contract))
    rows = lake_sql.answer(lake_sql.kept(view), view, asked).fetchall()
    empty = [(day, day, 0, *([0] * len(names))) for day in stamps.keys() - {row[0] for row in rows}]
    return [
        {
            "source": contract.source,
            "entity": contract.entity,
            "run_date": run_date,
            "event_on": event_on,
            "row_count": row_count,
            "figures": json.dumps(dict(zip(names, figures, strict=True))),
            "counted_from": stamps[run_date],
        }
        for run_date, event_on, row_count, *figures in [*rows, *empty]
    ]


def _replace(counted_now: Mapping[str, Sequence[Row]], settings: Settings) -> None:
    """Put the rows, by label of the contract, in the place of those of the same deliveries: one commit."""
    rows = [row for rows in counted_now.values() for row in rows]
    deliveries = sorted({(row["source"], row["entity"], row["run_date"]) for row in rows})
    same = (
        f"(source = '{source}' AND entity = '{entity}' AND run_date = DATE '{run_date}')"
        for source, entity, run_date in deliveries
    )
    if deliveries:
        ledger.replace(OPS_DELIVERED_DAYS, rows, " OR ".join(same), settings)


def by_contract(
    contracts: Sequence[Contract], settings: Settings, first: date, last: date
) -> dict[str, list[Row]]:
    """The rows of `ops.delivered_days` of run dates from `first` to `last`, counted where they are missing.

    By label of the contract. Contracts must have an event time.
    """
    stamps = _stamps(contracts, settings, first, last)
    held: dict[str, list[Row]] = {contract.label: [] for contract in contracts}
    for row in ledger.rows(OPS_DELIVERED_DAYS, settings):
        label = f"{row['source']}/{row['entity']}"
        if stamps.get((label, row["run_date"])) == row["counted_from"]:
            held[label].append(row)
    new = {}
    for contract in contracts:
        own = {day: stamp for (label, day), stamp in stamps.items() if label == contract.label}
        missing = own.keys() - {row["run_date"] for row in held[contract.label]}
        if missing:
            new[contract.label] = _count(contract, settings, {day: own[day] for day in missing})
    _replace(new, settings)
    return {label: [*rows, *new.get(label, [])] for label, rows in held.items()}
