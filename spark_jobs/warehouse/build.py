"""Build staging, intermediate tables, marts and snapshots with dbt, in one invocation.

What must hold of the marts is looked at by the gate that follows, and in full by `warehouse.test`.

Reads   silver.*, pii.*, identity.*; ops.runs, for the days that were loaded since the last build
Writes  seeds.*, staging.*, intermediate.*, gold.*, pii.customers
Rerun   the same rows
Options select: only this, in dbt's words; full_refresh: build anew instead of adding the night
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pyspark.sql import SparkSession

from alluvium import catalog, dbt, ledger
from alluvium.job import SUCCEEDED, JobConfig

NAME = "warehouse.build"
PARTIAL = "is_partial"


def loaded_since_last_build(runs: Iterable[Mapping[str, Any]]) -> list[date]:
    """Run dates of all ingest jobs that ended after the last whole build began: late days among them.

    `runs` are rows of `ops.runs`, in any order.
    """
    done = [run for run in runs if run["status"] == SUCCEEDED]
    builds = [
        run["started_at"] for run in done if run["job"] == NAME and PARTIAL not in json.loads(run["counts"])
    ]
    loads = [run for run in done if run["job"].startswith("ingest.")]
    return sorted({run["run_date"] for run in loads if not builds or run["finished_at"] >= max(builds)})


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """dbt has a session of its own on the same server."""
    select = config.options.get("select")
    late = loaded_since_last_build(ledger.read(catalog.OPS_RUNS, config.settings).to_pylist())
    done = dbt.build(
        config.run_date,
        select=select,
        full_refresh=config.is_set("full_refresh"),
        with_tests=False,
        vars={"changed_run_dates": [day.isoformat() for day in late]},
        settings=config.settings,
    )
    return {**done.counts, **({PARTIAL: 1} if select else {})}
