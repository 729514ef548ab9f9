"""Whether a key stands twice anywhere in silver, whatever its age: what the nightly gate asks of what came.

A merge looks for a key as far back as its contract promises (`key_repeats_within_days`). A source that breaks
the promise is found here.

Reads   keys of silver.*
Writes  ops.checks
Rerun   the same figures, with a new time
"""

from __future__ import annotations

from datetime import date

from great_expectations.core import ExpectationSuite

from alluvium.contracts.contract import read_all
from alluvium.job import JobConfig
from alluvium.lake import lake_sql
from alluvium.settings import Settings
from expectations.gate import stand
from expectations.measure import Figures, ask
from expectations.rules import none

SUITE = ExpectationSuite(name="silver_keys", expectations=[none("keys_twice")])


def figures(settings: Settings, run_date: date) -> Figures:
    """Of every silver table of a contract."""
    known = set(lake_sql.tables(lake_sql.View(settings)))
    queries = {}
    for contract in read_all(settings.sources)[0]:
        if (table := f"silver.{contract.name}") in known:
            keys = ", ".join(f'"{key}"' for key in contract.silver_key)
            queries[table] = f"SELECT count(*) - count(DISTINCT ({keys})) AS keys_twice FROM {table}"
    return ask(settings, queries, run_date)


def run(spark: None, config: JobConfig) -> dict[str, int]:
    """Fail when a key stands twice."""
    return stand(SUITE.name, config)
