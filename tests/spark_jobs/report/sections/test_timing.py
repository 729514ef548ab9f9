"""Where the time of a night went, as the morning page shows it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from alluvium import catalog
from alluvium.dbt.results import DbtResult, NodeResult
from alluvium.lake import ledger
from spark_jobs.report.lake import Lake
from spark_jobs.report.sections import timing
from spark_jobs.warehouse.build import _seconds

NIGHT = date(2017, 11, 1)
NODES = [
    NodeResult("orders", "model", "success", 3.0, "", "Adds up"),
    NodeResult("order_lines", "model", "success", 9.0, "", "Reads all lines"),
    NodeResult("stg_pos__products", "model", "success", 0.1, ""),
    NodeResult("customers_history", "snapshot", "success", 5.0, "", "Compares"),
    NodeResult("sessions", "model", "success", 1.0, "", "Counts"),
    NodeResult("purposes", "seed", "success", 7.0, ""),
]


def test_the_slowest_three_models_of_the_last_build_are_told_with_why(settings):
    earlier = [{**row, "seconds": 99.0} for row in _seconds(NIGHT, DbtResult(tuple(NODES)))]
    ledger.append(catalog.get("ops.model_builds"), earlier, settings)
    ledger.append(catalog.get("ops.model_builds"), _seconds(NIGHT, DbtResult(tuple(NODES))), settings)
    picture, slowest = timing._models(Lake(settings, NIGHT))
    assert slowest.rows == [
        ["order_lines", 9.0, "Reads all lines"],
        ["customers_history", 5.0, "Compares"],
        ["orders", 3.0, "Adds up"],
    ]
    assert "sessions" in picture.svg
    assert "stg_pos__products" not in picture.svg


def test_a_lake_whose_models_were_never_timed_has_its_steps_all_the_same(settings):
    run = {"run_id": "1", "job": "ingest.load", "run_date": NIGHT, "status": "succeeded", "seconds": 2.0}
    now = datetime(2017, 11, 2, tzinfo=UTC)
    ledger.append(catalog.OPS_RUNS, [{**run, "started_at": now, "finished_at": now}], settings)
    assert timing._models(Lake(settings, NIGHT)) == []
