"""Border between silver and those who read it: of every key the newest row, once.

Of what the run date brought, so that a night costs the same whatever the history; `expectations.silver_keys`
asks all keys.

Reads   ops.batches; keys and ranks of silver.* and of the run date's rows of bronze.*
Writes  ops.checks
Rerun   the same figures, with a new time
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from great_expectations.core import ExpectationSuite

from alluvium import catalog
from alluvium.contracts.contract import Contract, read_all
from alluvium.contracts.ranking import outranks, rank_columns
from alluvium.job import JobConfig
from alluvium.lake import lake_sql, ledger
from alluvium.settings import Settings
from expectations.gate import stand
from expectations.measure import Figures, ask
from expectations.rules import between, none

SUITE = ExpectationSuite(
    name="silver",
    expectations=[
        none("keys_twice"),
        none("keys_missing"),
        none("keys_outranked"),
        none("rows_without_bronze"),
        # A snapshot that was cut off closes what is still there.
        between("closed_share", most=0.3, severity="warn"),
    ],
)


def figures(settings: Settings, run_date: date) -> Figures:
    """Of the silver tables that the run date brought rows for."""
    batches = [row for row in ledger.rows(catalog.OPS_BATCHES, settings) if row["run_date"] == run_date]
    brought = {(row["source"], row["entity"]): row["is_initial"] for row in batches if row["rows_accepted"]}
    known = set(lake_sql.tables(lake_sql.View(settings)))
    due = [
        contract
        for contract in read_all(settings.sources)[0]
        if (contract.source, contract.entity) in brought
        and {f"bronze.{contract.name}", f"silver.{contract.name}"} <= known
    ]
    queries = {
        f"silver.{contract.name}": query(contract, bool(brought[contract.source, contract.entity]), run_date)
        for contract in due
    }
    return ask(settings, queries, run_date)


def _columns(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _reach(contract: Contract, is_initial: bool, run_date: date) -> str:
    """SQL: rows of silver that can share a key with what came; of a contract that promises nothing, all."""
    if is_initial or contract.event_time is None or contract.key_repeats_within_days is None:
        return "true"
    days = contract.max_days_late + contract.key_repeats_within_days + 2
    return f"\"{contract.event_time}\" >= DATE '{run_date - timedelta(days=days)}'"


def query(contract: Contract, is_initial: bool, run_date: date) -> str:
    """The figures of one silver table."""
    keys = contract.silver_key
    same_key = " AND ".join(f't."{key}" = s."{key}"' for key in keys)
    higher = outranks(contract).replace("`", '"')
    ranked = _columns(dict.fromkeys([*keys, *rank_columns(contract)]))
    closed = "null"
    if contract.full_snapshot:
        closed = (
            "(SELECT count_if(_closed_on = :run_date) / count(*) FROM silver."
            f"{contract.name} WHERE _closed_on IS NULL OR _closed_on = :run_date)"
        )
    return f"""
        WITH came AS (SELECT {ranked} FROM bronze.{contract.name} WHERE _run_date = :run_date),
        held AS (
            SELECT {ranked} FROM silver.{contract.name}
            WHERE {_reach(contract, is_initial, run_date)}
                AND ({_columns(keys)}) IN (SELECT ({_columns(keys)}) FROM came)
        ),
        tonight AS (SELECT _row_hash FROM silver.{contract.name} WHERE _run_date = :run_date)
        SELECT
            (SELECT count(*) FROM (SELECT 1 FROM held GROUP BY {_columns(keys)} HAVING count(*) > 1))
                AS keys_twice,
            (SELECT count(*) FROM came AS s WHERE NOT EXISTS (SELECT 1 FROM held AS t WHERE {same_key}))
                AS keys_missing,
            (SELECT count(*) FROM came AS s JOIN held AS t ON {same_key} WHERE {higher}) AS keys_outranked,
            (SELECT count(*) FROM tonight ANTI JOIN came USING (_row_hash)) AS rows_without_bronze,
            {closed} AS closed_share
    """


def run(spark: None, config: JobConfig) -> dict[str, int]:
    """Stop the night when silver is not what bronze says."""
    return stand(SUITE.name, config)
