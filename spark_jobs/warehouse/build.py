"""Build staging, intermediate tables, marts and snapshots with dbt, in one invocation.

What must hold of the marts is looked at by the gate that follows, and in full by `warehouse.test`.

Reads   silver.*, pii.*, identity.*; ops.runs, for the days that were loaded since the last build
Writes  seeds.*, staging.*, intermediate.*, gold.*, pii.customers
Rerun   the same rows
Options select: only this, in dbt's words; full_refresh: build anew instead of adding the night
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pyspark.sql import SparkSession

from alluvium import catalog, dbt, ledger
from alluvium.job import SUCCEEDED, JobConfig

NAME = "warehouse.build"
PARTIAL = "is_partial"


def last_whole_build(runs: Iterable[Mapping[str, Any]]) -> datetime | None:
    """When the last whole build that succeeded began; None before the first. `runs`: rows of `ops.runs`."""
    builds = [run for run in runs if run["job"] == NAME and run["status"] == SUCCEEDED]
    return max(
        (run["started_at"] for run in builds if PARTIAL not in json.loads(run["counts"])), default=None
    )


def loaded_since_last_build(runs: Sequence[Mapping[str, Any]]) -> list[date]:
    """Run dates of all ingest jobs that ended after the last whole build began: late days among them."""
    since = last_whole_build(runs)
    loads = [run for run in runs if run["job"].startswith("ingest.") and run["status"] == SUCCEEDED]
    return sorted({run["run_date"] for run in loads if since is None or run["finished_at"] >= since})


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """dbt has a session of its own on the same server."""
    select = config.options.get("select")
    runs = ledger.rows(catalog.OPS_RUNS, config.settings)
    late = loaded_since_last_build(runs)
    done = dbt.build(
        config.run_date,
        select=select,
        full_refresh=config.is_set("full_refresh"),
        with_tests=False,
        vars={"changed_run_dates": [day.isoformat() for day in late]},
        settings=config.settings,
    )
    return {**done.counts, **({PARTIAL: 1} if select else {})}
