"""Marts of three nights on a disk, and the way back to one of them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from typer.testing import CliRunner

from alluvium import catalog
from alluvium.cli import app
from alluvium.errors import AlluviumError, UsageError
from alluvium.job import finish_night
from alluvium.lake import ledger
from alluvium.nights import turn
from alluvium.tables.ops import OPS_ERASURES
from spark_jobs.warehouse import rollback
from spark_jobs.warehouse.build import last_whole_build
from spark_jobs.warehouse.rollback import Change
from tests.spark_jobs.warehouse.test_build import ran

FIRST, SECOND, THIRD = date(2017, 11, 1), date(2017, 11, 2), date(2017, 11, 3)


def put(settings, table, regions):
    rows = pa.table({"customer_id": list(regions), "region": list(regions.values())})
    path = settings.lake.joinpath(*table.split("."))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_deltalake(str(path), rows, mode="overwrite")


def held(settings, table):
    rows = DeltaTable(str(settings.lake.joinpath(*table.split(".")))).to_pyarrow_table().to_pylist()
    return {row["customer_id"]: row["region"] for row in rows}


@pytest.fixture
def nights(settings):
    for night, regions in ((FIRST, {"a": "OH", "b": "NY"}), (SECOND, {"a": "OH", "b": "MI", "c": "KY"})):
        put(settings, "gold.customers", regions)
        put(settings, "pii.customers", dict.fromkeys(regions, "same"))
        put(settings, "intermediate.int_customer_records", regions)
        put(settings, "identity.customer_records", regions)
        finish_night(night, settings)
    return settings


def test_the_plan_counts_rows_that_go_and_that_come_back(nights):
    assert rollback.plan(nights, FIRST) == [
        Change("gold.customers", 1, 0, 3, 2, 2, 1),
        Change("pii.customers", 1, 0, 3, 2, 1, 0),
    ]
    assert rollback.plan(nights, SECOND) == []


def test_only_marts_go_back_and_a_second_time_nothing_is_left_to_do(nights):
    rollback.apply(nights, FIRST, rollback.plan(nights, FIRST))
    assert held(nights, "gold.customers") == {"a": "OH", "b": "NY"}
    assert held(nights, "intermediate.int_customer_records") == {"a": "OH", "b": "NY"}
    assert held(nights, "identity.customer_records") == {"a": "OH", "b": "MI", "c": "KY"}
    assert rollback.plan(nights, FIRST) == []


def test_one_may_go_forward_again(nights):
    rollback.apply(nights, FIRST, rollback.plan(nights, FIRST))
    rollback.apply(nights, SECOND, rollback.plan(nights, SECOND))
    assert held(nights, "gold.customers") == {"a": "OH", "b": "MI", "c": "KY"}


def test_a_night_that_never_was_is_named_with_those_that_were(nights):
    with pytest.raises(UsageError, match=r"No night of 2017-11-03 has finished(.|\n)*2017-11-01, 2017-11-02"):
        rollback.plan(nights, THIRD)


def test_nobody_who_was_erased_comes_back(nights):
    erased = {"token": "t", "erased_at": datetime.now(UTC), "request_id": "r"}
    ledger.append(OPS_ERASURES, [erased], nights)
    with pytest.raises(AlluviumError, match="People were erased"):
        rollback.plan(nights, FIRST)


def test_a_version_whose_files_are_gone_is_refused_before_anything_moves(nights):
    for table in ("gold.customers", "pii.customers"):
        path = nights.lake.joinpath(*table.split("."))
        DeltaTable(str(path)).vacuum(0, dry_run=False, enforce_retention_duration=False)
    with pytest.raises(AlluviumError, match="are not kept any more"):
        rollback.plan(nights, FIRST)


def test_the_next_build_decides_again_what_was_loaded_since_that_night():
    runs = [
        ran("warehouse.build", FIRST, 1),
        ran("night", FIRST, 2),
        ran("warehouse.build", SECOND, 3),
        ran("night", SECOND, 4),
        ran(rollback.NAME, FIRST, 5),
    ]
    assert last_whole_build(runs[:4]) == runs[2]["started_at"]
    assert last_whole_build(runs) == runs[0]["started_at"]
    again = [*runs, ran("warehouse.build", SECOND, 6)]
    assert last_whole_build(again) == again[-1]["started_at"]


def test_the_command_shows_asks_for_a_reason_and_keeps_it(nights):
    run = CliRunner().invoke
    line = ["customer", "rollback", "--to", "2017-11-01"]
    assert isinstance(run(app, line).exception, UsageError)
    shown = run(app, [*line, "--plan", "--json"])
    assert [change["table"] for change in json.loads(shown.stdout)] == ["gold.customers", "pii.customers"]
    assert held(nights, "gold.customers")["b"] == "MI"
    nobody_asked = run(app, [*line, "--reason", "wrong file"])
    assert isinstance(nobody_asked.exception, UsageError)
    done = run(app, [*line, "--reason", "wrong file", "--yes"])
    assert done.exit_code == 0, done.output
    assert held(nights, "gold.customers")["b"] == "NY"
    assert rollback.NAME in {row["job"] for row in ledger.rows(catalog.OPS_RUNS, nights)}
    noted = [row for row in ledger.rows(catalog.OPS_AUDIT, nights) if row["action"] == "customer.rollback"]
    assert [row["reason"] for row in noted] == ["wrong file"]


def test_nothing_moves_while_a_night_is_running(nights):
    with turn.alone(nights, "", ""):
        ran = CliRunner().invoke(app, ["customer", "rollback", "--to", f"{FIRST}", "--reason", "x", "--yes"])
    assert isinstance(ran.exception, AlluviumError)
    assert ran.exception.what == "A night is running"
    assert held(nights, "gold.customers")["b"] == "MI"
