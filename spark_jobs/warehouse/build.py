"""Build staging, intermediate tables, marts and snapshots with dbt, in one invocation.

What must hold of the marts is looked at by the gate that follows, and in full by `warehouse.test`.

Reads   silver.*, pii.*, identity.*; ops.runs, for the days that were loaded since the last build
Writes  seeds.*, staging.*, intermediate.*, gold.*, pii.customers; ops.model_builds
Rerun   the same rows
Options select: only this, in dbt's words; full_refresh: build anew instead of adding the night
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from pyspark.sql import SparkSession

from alluvium import catalog, dbt
from alluvium.dbt.results import DbtResult
from alluvium.job import NIGHT, SUCCEEDED, JobConfig
from alluvium.lake import ledger
from alluvium.tables.ops import OPS_MODEL_BUILDS
from spark_jobs.warehouse import rollback

NAME = "warehouse.build"
PARTIAL = "is_partial"


def last_whole_build(runs: Sequence[Mapping[str, Any]]) -> datetime | None:
    """When the build began that the marts stand on; None before the first. `runs`: rows of `ops.runs`.

    That is the last whole one that succeeded, or the one of the night that was gone back to since.
    """
    builds = [run["started_at"] for run in runs if _is_whole_build(run)]
    undone = [run for run in runs if run["job"] == rollback.NAME]
    last = max(undone, key=lambda run: run["started_at"], default=None)
    since = [at for at in builds if last is None or at > last["started_at"]]
    if last is not None and not since:
        since = [at for at in builds if at <= _end_of_night(runs, last)]
    return max(since, default=None)


def _is_whole_build(run: Mapping[str, Any]) -> bool:
    is_done = run["job"] == NAME and run["status"] == SUCCEEDED
    return is_done and PARTIAL not in json.loads(run["counts"])


def _end_of_night(runs: Sequence[Mapping[str, Any]], undone: Mapping[str, Any]) -> datetime:
    """When the night that a rollback led to had ended."""
    ends = [
        run["finished_at"] for run in runs if (run["job"], run["run_date"]) == (NIGHT, undone["run_date"])
    ]
    return max(at for at in ends if at <= undone["started_at"])


def loaded_since_last_build(runs: Sequence[Mapping[str, Any]]) -> list[date]:
    """Run dates of all ingest jobs that ended after the last whole build began: late days among them."""
    since = last_whole_build(runs)
    loads = [run for run in runs if run["job"].startswith("ingest.") and run["status"] == SUCCEEDED]
    return sorted({run["run_date"] for run in loads if since is None or run["finished_at"] >= since})


def _seconds(run_date: date, done: DbtResult) -> list[dict[str, Any]]:
    """How long each model took; a view that stays as it is takes none that one could see."""
    of_build = {"run_date": run_date, "built_at": datetime.now(UTC)}
    built = [node for node in done.slowest if node.kind in {"model", "snapshot"} and node.cost]
    return [{**of_build, "model": node.name, "seconds": node.seconds, "cost": node.cost} for node in built]


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
    ledger.append(OPS_MODEL_BUILDS, _seconds(config.run_date, done), config.settings)
    return {**done.counts, **({PARTIAL: 1} if select else {})}
